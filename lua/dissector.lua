-- What Wireshark does with the tables above: v1 segments and messages, records put together again, and v0.
-- docs/protocol.md is the specification, docs/operations/wireshark.md says how to use this.
--
-- What is kept between frames, and its bounds:
--   transfers       TRANSFERS_MAX, the oldest goes first
--   records         RECORDS_MAX a transfer, the oldest goes first: frame numbers of their segments
--   bytes           those of records, up to the preference "memory", the oldest go first
--   notes           NOTES_MAX: what was remarkable about a segment

local TRANSFERS_MAX = 64
local RECORDS_MAX = 16384
local NOTES_MAX = 1000000

local zwire = Proto('zwire', 'zwire: ZFS over the wire')

-- Fields that are on no wire: they say what was found out.
local derived = {
  stream = ProtoField.uint32('zwire.stream', 'Transfer of this capture'),
  counter = ProtoField.uint64('zwire.counter', 'Counter'),
  segments = ProtoField.uint16('zwire.segments', 'Segments in this datagram'),
  payload = ProtoField.bytes('zwire.payload', 'Payload'),
  sealed = ProtoField.bytes('zwire.sealed', 'Sealed body'),
  tag = ProtoField.bytes('zwire.tag', 'Tag'),
  opened = ProtoField.bool('zwire.opened', 'Opened'),
  from = ProtoField.string('zwire.from', 'From'),
  body = ProtoField.string('zwire.announce.body', 'Announcement'),
  first_frame = ProtoField.framenum('zwire.first_frame', 'The same segment before', base.NONE, frametype.RETRANS_PREV),
  announced_in = ProtoField.framenum('zwire.announced_in', 'Announced in', base.NONE, frametype.REQUEST),
  missing = ProtoField.string('zwire.status.entry.segments', 'Missing'),
  entry_record = ProtoField.uint64('zwire.status.entry.number', 'Record'),
  record = ProtoField.uint64('zwire.reassembled', 'Reassembled record'),
  record_segments = ProtoField.uint8('zwire.reassembled.segments', 'Segments so far'),
  record_complete = ProtoField.bool('zwire.reassembled.complete', 'Complete'),
  record_length = ProtoField.uint32('zwire.reassembled.length', 'Length'),
  record_frame = ProtoField.framenum('zwire.reassembled.frame', 'Segment in', base.NONE),
  record_data = ProtoField.bytes('zwire.reassembled.data', 'Sealed data'),
  record_plain = ProtoField.bytes('zwire.reassembled.opened', 'Opened data'),
  fault = ProtoField.string('zwire.fault', 'Not a valid segment'),
  v0_length = ProtoField.bool('zwire.v0.seed_length', "UDP length without its header, as the seed writes it"),
}
local all_fields = {}
for _, field in pairs(fields) do all_fields[#all_fields + 1] = field end
for _, field in pairs(derived) do all_fields[#all_fields + 1] = field end
zwire.fields = all_fields

local experts = {
  fault = ProtoExpert.new('zwire.expert.fault', 'Not a valid segment', expert.group.MALFORMED, expert.severity.ERROR),
  body = ProtoExpert.new('zwire.expert.body', 'Malformed body', expert.group.MALFORMED, expert.severity.ERROR),
  tag = ProtoExpert.new('zwire.expert.tag', 'The tag does not fit', expert.group.CHECKSUM, expert.severity.ERROR),
  crc = ProtoExpert.new('zwire.expert.crc', 'The CRC does not fit', expert.group.CHECKSUM, expert.severity.ERROR),
  geometry = ProtoExpert.new('zwire.expert.length', 'Lengths disagree', expert.group.MALFORMED, expert.severity.WARN),
  trailing = ProtoExpert.new('zwire.expert.trailing', 'Bytes behind the last segment', expert.group.MALFORMED, expert.severity.WARN),
  repeated = ProtoExpert.new('zwire.expert.repeat', 'Repeated segment', expert.group.SEQUENCE, expert.severity.NOTE),
  duplicate = ProtoExpert.new('zwire.expert.duplicate', 'Duplicate segment', expert.group.SEQUENCE, expert.severity.WARN),
  gap = ProtoExpert.new('zwire.expert.gap', 'Gap', expert.group.SEQUENCE, expert.severity.WARN),
  late = ProtoExpert.new('zwire.expert.late', 'Out of order', expert.group.SEQUENCE, expert.severity.NOTE),
  closed = ProtoExpert.new('zwire.expert.closed', 'Cannot be opened', expert.group.DECRYPTION, expert.severity.NOTE),
  refused = ProtoExpert.new('zwire.expert.failed', 'Refused or failed', expert.group.RESPONSE_CODE, expert.severity.WARN),
  cut = ProtoExpert.new('zwire.expert.cut', 'Cut off by the capture', expert.group.UNDECODED, expert.severity.NOTE),
}
local all_experts = {}
for _, one in pairs(experts) do all_experts[#all_experts + 1] = one end
zwire.experts = all_experts

zwire.prefs.ports = Pref.range('UDP ports', '1337', 'Ports that receivers of zwire listen on', 65535)
zwire.prefs.open_records = Pref.bool('Open records', false, 'Decrypt whole records as well as control messages: about 0.3 s each')
zwire.prefs.v0 = Pref.bool('Recognise v0', true, "The seed's format on these ports, where the first bytes are not those of v1")
zwire.prefs.memory = Pref.uint('Memory for records, MiB', 64, 'Bytes of records that are kept to be shown whole')

local TYPES = {}
for name, number in pairs(message_types) do TYPES[number] = name:upper() end
local FROM_RECEIVER = { [message_types.status] = true, [message_types.join] = true }

-- State ------------------------------------------------------------------------------------------------------------

local transfers, transfer_order, streams, notes, note_count, held_bytes, holders, v0_streams

local function forget_all()
  transfers, transfer_order, streams, notes, note_count = {}, {}, 0, {}, 0
  held_bytes, holders, v0_streams = 0, { first = 1, last = 0 }, {}
end
zwire.init = forget_all
forget_all()

local function transfer_of(id, create)
  local t = transfers[id]
  if t or not create then return t end
  t = { id = id, stream = streams, records = {}, order = { first = 1, last = 0 }, counters = {} }
  streams = streams + 1
  transfers[id] = t
  transfer_order[#transfer_order + 1] = id
  if #transfer_order > TRANSFERS_MAX then transfers[table.remove(transfer_order, 1)] = nil end
  return t
end

-- What is remarkable about the segment at `key`; nil when it was never noted.
local function note(key, name, value)
  local found = notes[key]
  if not found then
    if note_count >= NOTES_MAX then return end
    note_count = note_count + 1
    found = {}
    notes[key] = found
  end
  found[name] = value
end

local function push(queue, value)
  queue.last = queue.last + 1
  queue[queue.last] = value
end

local function shift(queue)
  local value = queue[queue.first]
  queue[queue.first] = nil
  queue.first = queue.first + 1
  return value
end

local function drop_bytes(record)
  held_bytes = held_bytes - (record.held or 0)
  record.held, record.parts, record.data, record.dropped = 0, nil, nil, true
end

local function hold(record, index, bytes)
  if record.dropped then return end
  record.parts[index] = bytes
  record.held = record.held + #bytes
  held_bytes = held_bytes + #bytes
  while held_bytes > zwire.prefs.memory * 1048576 and holders.first <= holders.last do
    drop_bytes(shift(holders))
  end
end

local function record_of(t, h)
  local record = t.records[h.record]
  if record then return record end
  if t.oldest and h.record < t.oldest then return nil end -- too long ago to be remembered
  record = { number = h.record, count = h.segment_count, length = h.record_length, got = 0, have = {}, parts = {}, held = 0 }
  t.records[h.record] = record
  push(t.order, record)
  push(holders, record)
  if t.order.last - t.order.first >= RECORDS_MAX then
    local old = shift(t.order)
    drop_bytes(old)
    t.records[old.number] = nil
    t.oldest = math.max(t.oldest or 0, old.number + 1)
  end
  return record
end

-- The frame of a key, and a key for a place in a frame.
local function key_of(frame, at) return frame * 65536 + at end
local function frame_of(key) return math.floor(key / 65536) end

-- Whether segments come in the order in which they were cut, as far as they are no repeats.
local function follow_order(t, h, key)
  local record, segment = t.next_record, t.next_segment
  local is_next = record == h.record and segment == h.segment
  if record and not is_next then
    if h.record > record or (h.record == record and h.segment > segment) then
      note(key, 'gap', string.format('Gap: record %d segment %d was expected', record, segment))
    else
      note(key, 'late', true)
      return
    end
  end
  t.next_record, t.next_segment = h.record, h.segment + 1
  if t.next_segment >= h.segment_count then t.next_record, t.next_segment = h.record + 1, 0 end
end

local function track_data(t, h, key, bytes)
  local record = record_of(t, h)
  if not record then note(key, 'late', true) return end
  if record.count ~= h.segment_count or record.length ~= h.record_length then
    note(key, 'disagrees', string.format('Earlier segments say %d segments, %d bytes', record.count, record.length))
    return
  end
  local seen = record.have[h.segment] ~= nil
  if not h.repair and not seen then follow_order(t, h, key) end
  if seen then return end
  record.have[h.segment] = key
  record.got = record.got + 1
  if bytes then hold(record, h.segment, bytes) else drop_bytes(record) end
  if record.got < record.count then return end
  record.complete = key
  if record.dropped then return end
  local parts = {}
  for i = 0, record.count - 1 do parts[i + 1] = record.parts[i] end
  record.parts, record.data = nil, table.concat(parts)
end

local function track_counter(t, from, counter, key)
  local newest = t.counters[from]
  if newest and counter > newest + 1 then
    note(key, 'gap', string.format('Gap: %d control messages from the %s were not captured', counter - newest - 1, from))
  elseif newest and counter <= newest then
    note(key, 'late', true)
  end
  t.counters[from] = math.max(newest or 0, counter)
end

-- Fields by layout -------------------------------------------------------------------------------------------------

local function time_of(range)
  local ns = range:uint64()
  local second = UInt64(1000000000)
  return NSTime((ns / second):tonumber(), (ns % second):tonumber())
end

local function add_field(tree, field, range)
  if field.kind == 'text' or field.kind == 'json' then
    return tree:add(fields[field.filter], range, range:string(ENC_UTF_8))
  elseif field.kind == 'time-ns' then
    return tree:add(fields[field.filter], range, time_of(range))
  end
  local item = tree:add(fields[field.filter], range)
  for _, filter in ipairs(field.bits or {}) do item:add(fields[filter], range) end
  return item
end

-- Adds every field of a layout that begins at `at`. Gives numbers and items by name, and where the layout ends: nil
-- when it is longer than `limit`.
local function add_layout(tree, name, tvb, at, limit)
  local values, items, next_at = {}, {}, at
  for _, field in ipairs(layouts[name]) do
    local from = field.offset and at + field.offset or next_at
    local bytes = field.bytes or values[field.length]
    next_at = from + bytes
    if next_at > limit then return values, items, nil end
    if bytes > 0 then
      local range = tvb(from, bytes)
      if field.kind == 'number' or field.kind == 'hex' then values[field.name] = range:uint64():tonumber() end
      if field.names then values[field.name .. '_name'] = field.names[values[field.name]] end
      if field.kind == 'text' or field.kind == 'json' then values[field.name] = range:string(ENC_UTF_8) end
      items[field.name] = add_field(tree, field, range)
      if field.kind == 'json' then values.json = range end
    else
      values[field.name] = ''
    end
  end
  return values, items, next_at
end

local function malformed(tree, what)
  tree:add_proto_expert_info(experts.body, 'Malformed body: ' .. what)
end

local json = Dissector.get('json')

-- Numbers as ranges: 0-3, 7.
local function ranges(numbers)
  local out, i = {}, 1
  while i <= #numbers do
    local last = i
    while numbers[last + 1] == numbers[last] + 1 do last = last + 1 end
    out[#out + 1] = last > i and numbers[i] .. '-' .. numbers[last] or tostring(numbers[i])
    i = last + 1
  end
  return table.concat(out, ', ')
end

-- Bodies of control messages ---------------------------------------------------------------------------------------

local bodies = {}

-- Each takes the opened body and gives words for the Info column.
bodies[message_types.announce] = function(tree, tvb, pinfo)
  tree:add(derived.body, tvb(), tvb():string(ENC_UTF_8))
  json:call(tvb, pinfo, tree)
  local text = tvb():string(ENC_UTF_8)
  local kind, name = text:match('"kind":"(%a+)"'), text:match('"name":"([^"\\]*)"')
  return kind and name and string.format('%s %s', kind, name) or ''
end

bodies[message_types.join] = function(tree, tvb, pinfo)
  if tvb:len() == 0 then malformed(tree, 'empty') return '' end
  local accepted = tvb(0, 1):uint() == 1
  local values, items, stop = add_layout(tree, accepted and 'join_accepted' or 'join_refused', tvb, 0, tvb:len())
  if stop ~= tvb:len() then malformed(tree, 'length') end
  if accepted then
    if values.json then json:call(values.json:tvb(), pinfo, items.have) end
    return string.format('accepted, credit %d, window %d', values.credit_limit or 0, values.window or 0)
  end
  tree:add_proto_expert_info(experts.refused, 'Refused: ' .. (values.message or ''))
  return 'refused: ' .. (values.message or '')
end

local function add_entries(tree, tvb, values, at)
  for _ = 1, values.entry_count do
    if at + 12 > tvb:len() then malformed(tree, 'entries') return tvb:len() end
    local number = values.cumulative + tvb(at, 4):uint()
    local missing = {}
    for i = 0, 63 do
      if bit.band(tvb(at + (i < 32 and 8 or 4), 4):uint(), bit.lshift(1, i % 32)) ~= 0 then missing[#missing + 1] = i end
    end
    local entry = tree:add(derived.missing, tvb(at, 12), #missing == 64 and 'all' or ranges(missing))
    entry:set_text(string.format('Record %d lacks %s', number, #missing == 64 and 'all segments' or 'segments ' .. ranges(missing)))
    entry:add(derived.entry_record, tvb(at, 4), UInt64.new(number % 4294967296, math.floor(number / 4294967296))):set_generated()
    add_layout(entry, 'status_entry', tvb, at, tvb:len())
    at = at + 12
  end
  return at
end

bodies[message_types.status] = function(tree, tvb)
  local values, _, at = add_layout(tree, 'status', tvb, 0, tvb:len())
  if not at then malformed(tree, 'length') return '' end
  local words = values.state_name or ''
  if values.state >= constants.status_final_state then
    local result, _, stop = add_layout(tree, 'status_result', tvb, at, tvb:len())
    if stop ~= tvb:len() then malformed(tree, 'result') end
    if values.state > constants.status_final_state then
      tree:add_proto_expert_info(experts.refused, string.format('Failed: %s: %s', result.code or '', result.text or ''))
      return string.format('%s: %s', words, result.code or '')
    end
    return words
  end
  local stop = add_entries(tree, tvb, values, at)
  if stop ~= tvb:len() then malformed(tree, 'length') end
  local lacking = values.entry_count > 0 and string.format(', %d records lack something', values.entry_count) or ''
  return string.format('%s, cumulative %d, delivered %d, credit %d%s', words, values.cumulative, values.delivered, values.credit_limit, lacking)
end

local function whole(name, words)
  return function(tree, tvb)
    local values, _, stop = add_layout(tree, name, tvb, 0, tvb:len())
    if stop ~= tvb:len() then malformed(tree, 'length') end
    return stop and words(values) or ''
  end
end

bodies[message_types['end']] = whole('end_of_stream', function(v) return string.format('%.0f records, %.0f bytes', v.records, v.bytes) end)
bodies[message_types.probe] = whole('probe', function(v) return string.format('at %.0f us', v.time) end)
bodies[message_types.abort] = whole('abort', function(v)
  local name = v.code_name or tostring(v.code)
  return v.message ~= '' and name .. ': ' .. v.message or name
end)

-- Opening ----------------------------------------------------------------------------------------------------------

-- The keys of a transfer, or nil and why there are none. Keys of other suites than the open one will be looked up
-- here, in a key file named by a preference.
local function session_keys(t, announce)
  if t.keys then return t.keys end
  if not announce then return nil, 'this capture has no announcement of the transfer, and so not its salt' end
  local suite, salt = announce(0, 1):uint(), announce(16, 32):raw()
  if suite ~= 0 then return nil, string.format('no keys for suite %d', suite) end
  if t.tried_salt ~= salt then t.tried_salt, t.tried_keys = salt, transfer_keys(OPEN_SUITE_SECRET, salt) end
  return t.tried_keys
end

-- The associated data: the header without what differs between segments and sendings, and the clear part.
local function associated_data(tvb, at, flags, clear_bytes)
  local clear = clear_bytes > 0 and tvb(at + constants.header_bytes, clear_bytes):raw() or ''
  return tvb(at, 4):raw() .. string.char(flags) .. '\0\0\0' .. tvb(at + 8, 14):raw() .. '\0\0' .. tvb(at + 24, 4):raw() .. clear
end

-- The plaintext and who sent it, or nil and why not; `tag` is true when the keys are there and the tag is wrong.
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
  if clear_bytes > 0 then add_layout(tree, CLEAR[h.type], tvb, from, from + clear_bytes) end
  local sealed_bytes = h.payload_length - clear_bytes - constants.tag_bytes
  local plain, who, wrong = open_control(t, h, tvb, at, clear_bytes)
  local range = sealed_bytes > 0 and tvb(from + clear_bytes, sealed_bytes) or nil
  if range then tree:add(derived.sealed, range) end
  tree:add(derived.tag, tvb(from + clear_bytes + sealed_bytes, constants.tag_bytes))
  local opened = tree:add(derived.opened, tvb(from, h.payload_length), plain ~= nil):set_generated()
  if not plain then
    opened:add_proto_expert_info(wrong and experts.tag or experts.closed, 'Cannot be opened: ' .. who)
    return wrong and 'wrong tag' or 'sealed'
  end
  tree:add(derived.from, who):set_generated()
  if not pinfo.visited then
    track_counter(t, who, h.record, key)
    if h.type == message_types.announce and not t.announced then t.announced, t.next_record, t.next_segment = pinfo.number, 0, 0 end
  end
  local body = ByteArray.new(plain, true):tvb(TYPES[h.type] .. ', opened')
  return bodies[h.type](tree, body, pinfo)
end

-- DATA -------------------------------------------------------------------------------------------------------------

local function open_record(tree, record, t, tvb, at, h)
  local keys, why = session_keys(t)
  if not keys then tree:add_proto_expert_info(experts.closed, 'Cannot be opened: ' .. why) return end
  local bytes = #record.data - constants.tag_bytes
  local aad = associated_data(tvb, at, h.last and 2 or 0, 0)
  local plain = open_sealed(data_key(keys, h.record), h.record, aad, record.data:sub(1, bytes), record.data:sub(bytes + 1))
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
  for _, field in ipairs(layouts.segment) do h[field.name] = tvb(at + field.offset, field.bytes):uint64():tonumber() end
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
