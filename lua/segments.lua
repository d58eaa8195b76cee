-- v1: segments, control messages opened, records put together again.

-- Opening ----------------------------------------------------------------------------------------------------------

-- The keys of a transfer, or nil and why there are none: from the key log, or in the open suite from the announcement.
local function session_keys(t, announce)
  if t.keys then return t.keys end
  if announce then
    local salt = announce(16, 32):raw()
    if t.tried_salt ~= salt then t.tried_salt, t.tried_keys = salt, open_suite_keys(salt) end
    return t.tried_keys
  end
  t.keys = logged_keys(t.id)
  if t.keys then return t.keys end
  if t.keyed then return nil, 'it needs a key log with this transfer (preference key_log)' end
  return nil, 'this capture has no announcement of the transfer, and so not its salt'
end

-- The associated data: the header without what differs between segments and sendings, and the clear part.
local function associated_data(tvb, at, flags, clear_bytes)
  local clear = clear_bytes > 0 and tvb(at + constants.header_bytes, clear_bytes):raw() or ''
  return tvb(at, 4):raw() .. string.char(flags) .. '\0\0\0' .. tvb(at + 8, 14):raw() .. '\0\0' .. tvb(at + 24, 4):raw() .. clear
end

-- The announcement of a keyed suite is the first message of its handshake, before there are keys of the transfer: its
-- payload has a key of its own, nonce 0, and the handshake hash as associated data. Gives what open_control does.
local function open_handshake(t, tvb, at, sealed_bytes)
  t.keyed = true
  t.handshake = t.handshake or logged_handshake(t.id)
  if not t.handshake then return nil, 'it is sealed by a handshake and needs a key log with this transfer (preference key_log)', false end
  local sealed = sealed_bytes > 0 and tvb(at, sealed_bytes):raw() or ''
  local plain = open_sealed(t.handshake.key, 0, t.handshake.hash, sealed, tvb(at + sealed_bytes, constants.tag_bytes):raw())
  if not plain then return nil, 'the tag does not fit', true end
  return plain, 'sender', false
end

-- The plaintext and who sent it, or nil and why not, and whether the keys are there and the tag is wrong.
local function open_control(t, h, tvb, at, clear_bytes)
  local is_announce = h.type == message_types.announce
  local from = at + constants.header_bytes
  local keys, why = session_keys(t, is_announce and tvb(from, clear_bytes):tvb() or nil)
  if not keys then return nil, why, false end
  local sealed_bytes = h.payload_length - clear_bytes - constants.tag_bytes
  local sealed = sealed_bytes > 0 and tvb(from + clear_bytes, sealed_bytes):raw() or ''
  local tag = tvb(from + clear_bytes + sealed_bytes, constants.tag_bytes):raw()
  local aad = associated_data(tvb, at, 0, clear_bytes)
  for _, side in ipairs({ 'sender', 'receiver' }) do
    local possible = h.type == message_types.abort or (side == 'receiver') == (FROM_RECEIVER[h.type] or false)
    local plain = possible and open_sealed(keys['from_' .. side], h.record, aad, sealed, tag)
    if plain then
      if is_announce then t.keys = keys end
      return plain, side, false
    end
  end
  return nil, 'the tag does not fit', true
end

local CLEAR = { [message_types.announce] = 'announce_clear', [message_types.join] = 'join_clear' }

local function clear_length(kind)
  local bytes = 0
  for _, field in ipairs(layouts[CLEAR[kind]] or {}) do bytes = field.offset + field.bytes end
  return bytes
end

local function dissect_control(tree, tvb, at, h, t, pinfo, key)
  local from = at + constants.header_bytes
  local clear_bytes = clear_length(h.type)
  if h.payload_length < clear_bytes + constants.tag_bytes then malformed(tree, 'shorter than its clear part') return '' end
  local clear = clear_bytes > 0 and add_layout(tree, CLEAR[h.type], tvb, from, from + clear_bytes) or {}
  local keyed_announce = h.type == message_types.announce and clear.suite ~= 0
  local sealed_at, sealed_bytes = from + clear_bytes, h.payload_length - clear_bytes - constants.tag_bytes
  if keyed_announce then
    if sealed_bytes < constants.sealed_key_bytes then malformed(tree, 'shorter than its sealed key') return '' end
    tree:add(derived.sealed_key, tvb(sealed_at, constants.sealed_key_bytes))
    sealed_at, sealed_bytes = sealed_at + constants.sealed_key_bytes, sealed_bytes - constants.sealed_key_bytes
  end
  local plain, who, wrong
  if keyed_announce then plain, who, wrong = open_handshake(t, tvb, sealed_at, sealed_bytes)
  else plain, who, wrong = open_control(t, h, tvb, at, clear_bytes) end
  if sealed_bytes > 0 then tree:add(derived.sealed, tvb(sealed_at, sealed_bytes)) end
  tree:add(derived.tag, tvb(sealed_at + sealed_bytes, constants.tag_bytes))
  local opened = tree:add(derived.opened, tvb(from, h.payload_length), plain ~= nil):set_generated()
  if not plain then
    opened:add_proto_expert_info(wrong and experts.tag or experts.closed, 'Cannot be opened: ' .. who)
    return wrong and 'wrong tag' or 'sealed'
  end
  tree:add(derived.from, who):set_generated()
  if not pinfo.visited then
    -- A keyed announcement is repeated as it is and has no counter: those of both sides begin behind it.
    if not keyed_announce then track_counter(t, who, h.record, key) end
    if h.type == message_types.announce and not t.announced then begin_transfer(t, pinfo.number, keyed_announce) end
  end
  local body = ByteArray.new(plain, true):tvb(TYPES[h.type] .. ', opened')
  return bodies[h.type](tree, body, pinfo)
end

-- DATA -------------------------------------------------------------------------------------------------------------

local function open_record(tree, record, t, tvb, at, h)
  local keys, why = session_keys(t)
  if not keys then tree:add_proto_expert_info(experts.closed, 'Cannot be opened: ' .. why) return end
  local key = data_key(keys, h.record)
  if not key then tree:add_proto_expert_info(experts.closed, 'Cannot be opened: too many epochs of keys') return end
  local bytes = #record.data - constants.tag_bytes
  local aad = associated_data(tvb, at, h.last and 2 or 0, 0)
  local plain = open_sealed(key, h.record, aad, record.data:sub(1, bytes), record.data:sub(bytes + 1))
  if not plain then tree:add_proto_expert_info(experts.tag, 'The tag of the record does not fit') return end
  if #plain > 0 then tree:add(derived.record_plain, ByteArray.new(plain, true):tvb('Opened record ' .. h.record)()) end
end

-- How far the record of a segment has come in this frame; whole when this segment completes it.
local function add_record(tree, tvb, at, h, t, record, key)
  local got, missing = 0, {}
  for i = 0, record.count - 1 do
    if record.have[i] and record.have[i] <= key then got = got + 1 else missing[#missing + 1] = i end
  end
  local complete = record.complete == key
  local item = tree:add(derived.record, UInt64.new(h.record % 4294967296, math.floor(h.record / 4294967296))):set_generated()
  item:set_text(string.format('Reassembled record %.0f, %d bytes, segments %d/%d%s', h.record, record.length, got, record.count,
    complete and ', complete' or ', lacks ' .. ranges(missing)))
  item:add(derived.record_segments, got):set_generated()
  item:add(derived.record_complete, complete):set_generated()
  item:add(derived.record_length, record.length):set_generated()
  if not complete then return end
  local last
  for i = 0, record.count - 1 do
    local frame = frame_of(record.have[i])
    if frame ~= last then item:add(derived.record_frame, frame):set_generated() end
    last = frame
  end
  if not record.data then item:append_text(' (its bytes are no longer kept)') return end
  item:add(derived.record_data, ByteArray.new(record.data, true):tvb('Record ' .. string.format('%.0f', h.record))())
  if zwire.prefs.open_records then open_record(item, record, t, tvb, at, h) end
end

local function dissect_data(tree, tvb, at, h, t, key, captured)
  local range = captured > 0 and tvb(at + constants.header_bytes, captured) or nil
  if range then tree:add(derived.payload, range) end
  local record = t.records[h.record]
  local first = record and record.have[h.segment]
  local again = first and first < key
  if again then tree:add(derived.first_frame, frame_of(first)):set_generated() end
  if h.repair then
    tree:add_proto_expert_info(experts.repeated, again and 'Repeated segment' or 'Repeated segment, whose first sending is not in this capture')
  elseif again then
    tree:add_proto_expert_info(experts.duplicate)
  end
  return record
end

-- Segments ---------------------------------------------------------------------------------------------------------

local function is_full(payload, count)
  return payload % 16 == 0 and payload >= constants.segment_payload_bytes_min
    and (payload + constants.header_bytes) * count <= constants.super_frame_bytes - 42
end

local function lengths_agree(h)
  if h.type ~= message_types.data and h.type ~= message_types.parity then
    if h.segment_count ~= 1 or h.record_length ~= h.payload_length then return false end
    if h.type == message_types.filler then return true end
    return h.payload_length >= constants.tag_bytes and h.payload_length <= constants.control_payload_bytes
  end
  if h.record_length < constants.tag_bytes or h.payload_length == 0 then return false end
  local last = h.segment_count - 1
  if h.segment < last then
    return is_full(h.payload_length, h.segment_count) and h.payload_length * last < h.record_length
      and h.record_length <= h.payload_length * h.segment_count
  end
  if last == 0 then return h.record_length == h.payload_length and h.payload_length <= constants.segment_payload_bytes_max end
  local full = (h.record_length - h.payload_length) / last
  return h.payload_length <= full and is_full(full, h.segment_count)
end

-- Why a receiver drops the segment, in the words and the order of docs/protocol.md; nil when it does not.
local function fault_of(h, left)
  if h.magic ~= constants.magic then return 'magic' end
  if h.version ~= constants.version then return 'version' end
  if not TYPES[h.type] then return 'type' end
  local allowed = h.type == message_types.data and 3 or h.type == message_types.parity and 1 or 0
  if bit.band(h.flags, bit.bnot(allowed)) ~= 0 then return 'flags' end
  if (h.parity_row ~= 0 and h.type ~= message_types.parity) or h.reserved ~= 0 then return 'reserved' end
  if h.payload_length > left - constants.header_bytes then return 'truncated' end
  if h.segment_count > constants.segments_per_record or h.segment >= h.segment_count then return 'index' end
  if not lengths_agree(h) then return 'length' end
  return nil
end

local function read_header(tvb, at)
  local h = {}
  for _, field in ipairs(layouts.segment) do h[field.name] = number_of(tvb(at + field.offset, field.bytes)) end
  h.id = tvb(at + 8, 8):bytes():tohex()
  h.repair, h.last = bit.band(h.flags, 1) ~= 0, bit.band(h.flags, 2) ~= 0
  return h
end

local function title_of(h, segments)
  local name = TYPES[h.type] or string.format('type %d', h.type)
  if h.type == message_types.data then
    return string.format('%s record %.0f, %s/%d%s%s', name, h.record, segments and 'segments ' .. segments or 'segment ' .. h.segment, h.segment_count,
      h.repair and ', repeat' or '', h.last and ', last' or '')
  end
  return name
end

local function add_notes(tree, key)
  local found = notes[key]
  if not found then return end
  if found.gap then tree:add_proto_expert_info(experts.gap, found.gap) end
  if found.late then tree:add_proto_expert_info(experts.late) end
  if found.disagrees then tree:add_proto_expert_info(experts.geometry, found.disagrees) end
end

-- One segment at `at`, of which `left` bytes of the datagram are left. Gives where the next begins, nil at a fault.
local function dissect_segment(tvb, pinfo, tree, at, left, words)
  local captured = math.max(0, math.min(tvb:len() - at, left))
  if left < constants.header_bytes or captured < constants.header_bytes then
    local item = tree:add(zwire, tvb(at, captured), 'zwire, cut short')
    local why = left < constants.header_bytes and 'truncated' or nil
    if why then item:add(derived.fault, tvb(at, captured), why) end
    item:add_proto_expert_info(why and experts.fault or experts.cut)
    words[#words + 1] = { text = 'cut short' }
    return nil
  end
  local h = read_header(tvb, at)
  local fault = fault_of(h, left)
  local bytes = constants.header_bytes + (fault and captured - constants.header_bytes or h.payload_length)
  local item = tree:add(zwire, tvb(at, math.min(bytes, captured)), 'zwire, ' .. title_of(h))
  local header = item:add(zwire, tvb(at, constants.header_bytes), 'Segment header')
  local _, items = add_layout(header, 'segment', tvb, at, at + constants.header_bytes)
  if fault then
    item:add(derived.fault, tvb(at, captured), fault)
    item:add_proto_expert_info(experts.fault, string.format('Not a valid segment: %s%s', fault,
      fault == 'truncated' and string.format(' (%d bytes of payload announced, %d there)', h.payload_length, left - constants.header_bytes) or ''))
    words[#words + 1] = { text = 'invalid segment (' .. fault .. ')' }
    return nil
  end
  local t = transfer_of(h.id, not pinfo.visited and h.type ~= message_types.filler)
  local key = key_of(pinfo.number, at)
  if not t then -- FILLER belongs to none; others are forgotten when too many transfers came since
    if captured > constants.header_bytes then item:add(derived.payload, tvb(at + constants.header_bytes, math.min(h.payload_length, captured - constants.header_bytes))) end
    words[#words + 1] = { text = title_of(h) }
    return at + bytes
  end
  item:add(derived.stream, t.stream):set_generated()
  if t.announced and t.announced < pinfo.number then item:add(derived.announced_in, t.announced):set_generated() end
  local complete = captured >= bytes
  local said = title_of(h)
  if h.type == message_types.data then
    local range = complete and tvb(at + constants.header_bytes, h.payload_length) or nil
    if not pinfo.visited then track_data(t, h, key, range and range:raw()) end
    local record = dissect_data(item, tvb, at, h, t, key, math.min(h.payload_length, captured - constants.header_bytes))
    words.record = record and { item = item, at = at, h = h, t = t, record = record, key = key }
    if record and record.complete == key then add_record(item, tvb, at, h, t, record, key) words.record = nil end
  elseif bodies[h.type] then
    items.record:add(derived.counter, tvb(at + 16, 6)):set_generated()
    if complete then
      local more = dissect_control(item, tvb, at, h, t, pinfo, key)
      if more ~= '' then said = said .. ' ' .. more end
      item:append_text(more ~= '' and ', ' .. more or '')
    end
  elseif captured > constants.header_bytes then
    item:add(derived.payload, tvb(at + constants.header_bytes, math.min(h.payload_length, captured - constants.header_bytes)))
  end
  if not complete then item:add_proto_expert_info(experts.cut) end
  add_notes(item, key)
  words[#words + 1] = { text = said, h = h.type == message_types.data and h or nil }
  return at + bytes
end

local INFO_PARTS_MAX = 4

-- What a datagram holds, the segments of a record as one part.
local function info_text(words)
  local parts, more = {}, 0
  local i = 1
  while i <= #words do
    local h, last = words[i].h, i
    while h and words[last + 1] and words[last + 1].h and words[last + 1].h.record == h.record and words[last + 1].h.repair == h.repair do last = last + 1 end
    local text = words[i].text
    if last > i then
      local indices = {}
      for at = i, last do indices[#indices + 1] = words[at].h.segment end
      text = title_of(h, ranges(indices))
    end
    if #parts < INFO_PARTS_MAX then parts[#parts + 1] = text else more = more + 1 end
    i = last + 1
  end
  return table.concat(parts, '; ') .. (more > 0 and string.format('; %d more', more) or '')
end

-- A record that this datagram leaves incomplete is shown under the last of its segments.
local function add_open_record(open, tvb, pinfo)
  if not open then return end
  local complete = open.record.complete
  if complete and frame_of(complete) <= pinfo.number then return end
  add_record(open.item, tvb, open.at, open.h, open.t, open.record, open.key)
end

local function dissect_v1(tvb, pinfo, tree)
  local total, at, words = tvb:reported_len(), 0, {}
  while at and at < total do
    local before = words.record
    at = dissect_segment(tvb, pinfo, tree, at, total - at, words)
    if before and words.record and words.record.record ~= before.record then add_open_record(before, tvb, pinfo) end
  end
  add_open_record(words.record, tvb, pinfo)
  if #words > 1 then tree:add(derived.segments, #words):set_generated() end
  pinfo.cols.protocol:set('ZWIRE')
  pinfo.cols.info:set(info_text(words))
end
