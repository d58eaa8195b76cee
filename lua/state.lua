-- What is kept between frames, so that repeats and gaps are known and records are put together, and its bounds:
--   transfers       TRANSFERS_MAX, the oldest goes first
--   records         RECORDS_MAX a transfer, the oldest goes first: frame numbers of their segments
--   bytes           those of records, up to the preference "memory", the oldest go first
--   notes           NOTES_MAX: what was remarkable about a segment
--   v0_streams      V0_STREAMS_MAX, then all are forgotten

local TRANSFERS_MAX = 64
local RECORDS_MAX = 16384
local NOTES_MAX = 1000000
local V0_STREAMS_MAX = 256

local transfers, transfer_order, streams, notes, note_count, held_bytes, holders, v0_streams, v0_stream_count

local function forget_all()
  transfers, transfer_order, streams, notes, note_count = {}, {}, 0, {}, 0
  held_bytes, holders, v0_streams, v0_stream_count = 0, { first = 1, last = 0 }, {}, 0
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

local function v0_stream_of(id)
  if not v0_streams[id] then
    if v0_stream_count >= V0_STREAMS_MAX then v0_streams, v0_stream_count = {}, 0 end
    v0_streams[id], v0_stream_count = {}, v0_stream_count + 1
  end
  return v0_streams[id]
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

-- The announcement in `frame` was opened: what its transfer begins with is known from here on. A capture that begins
-- in the middle may have data before it.
local function begin_transfer(t, frame, keyed)
  t.announced = frame
  if not t.next_record then t.next_record, t.next_segment = 0, 0 end
  if keyed then t.counters.sender, t.counters.receiver = t.counters.sender or 0, t.counters.receiver or 0 end
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
