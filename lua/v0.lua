-- v0, the format of the program that zwire grew from, and the registration of both formats.

local crc_table
local function crc32(text)
  if not crc_table then
    crc_table = {}
    for i = 0, 255 do
      local c = i
      for _ = 1, 8 do c = bit.band(c, 1) == 1 and bit.bxor(bit.rshift(c, 1), 0xedb88320) or bit.rshift(c, 1) end
      crc_table[i] = c
    end
  end
  local crc = -1
  for at = 1, #text, 256 do
    for _, byte in ipairs({ text:byte(at, math.min(at + 255, #text)) }) do
      crc = bit.bxor(bit.rshift(crc, 8), crc_table[bit.band(bit.bxor(crc, byte), 255)])
    end
  end
  return bit.bnot(crc) % 4294967296
end

local V0_LAYOUTS = { [0] = 'v0_preflight', 'v0_preflight', 'v0_preflight', 'v0_chunk', 'v0_end' }
local V0_NAMES = { [0] = 'pre-flight of dataset', 'pre-flight of pool', 'pre-flight of delta', 'chunk', 'end' }

-- The length of the v0 message at `at`, or nil when there is none; the rules are those of src/wire/v0.ts.
local function v0_length(tvb, at, stop)
  if stop - at < 2 then return nil end
  local kind = tvb(at, 1):uint()
  if kind == 4 then return 2 end
  if kind > 4 then return nil end
  if kind < 3 then
    if stop - at < 4 then return nil end
    local bytes = tvb(at + 2, 1):uint()
    return bytes > 0 and at + 3 + bytes <= stop and 3 + bytes or nil
  end
  if stop - at < constants.v0_chunk_overhead_bytes or tvb(at + 2, 1):uint() >= constants.v0_index_count then return nil end
  local bytes = constants.v0_chunk_overhead_bytes + tvb(at + 7, 2):uint()
  return at + bytes <= stop and bytes or nil
end

local function track_chunk(stream, values, key)
  local expected = stream.index
  if expected and values.index ~= expected then
    note(key, (expected - values.index) % constants.v0_index_count <= 8 and 'late' or 'gap', string.format('Gap: index %d was expected', expected))
  elseif stream.crc and values.previous_crc ~= stream.crc then
    note(key, 'gap', 'Gap: the CRC of the chunk before is not that of the last chunk captured')
  end
  local found = notes[key]
  if found and found.late then return end
  stream.index, stream.crc = (values.index + 1) % constants.v0_index_count, values.crc
end

local function dissect_v0_message(tvb, pinfo, tree, at, bytes)
  local kind = tvb(at, 1):uint()
  local item = tree:add(zwire, tvb(at, bytes), 'zwire v0, ' .. V0_NAMES[kind])
  local values, items = add_layout(item, V0_LAYOUTS[kind], tvb, at, at + bytes)
  local key = key_of(pinfo.number, at)
  local id = tostring(pinfo.src) .. ' ' .. tostring(pinfo.dst) .. ' ' .. values.transfer
  if not pinfo.visited then
    local stream = v0_stream_of(id)
    if kind < 3 then stream.index, stream.crc = 0, 0 end
    if kind == 3 then track_chunk(stream, values, key) end
  end
  local words = V0_NAMES[kind]
  if kind == 3 then
    words = string.format('chunk %d, %d bytes', values.index, values.data_length)
    local data = values.data_length > 0 and tvb(at + 9, values.data_length):raw() or ''
    if crc32(data) ~= values.crc then items.crc:add_proto_expert_info(experts.crc) end
  elseif kind < 3 then
    words = words .. ' ' .. (values.name or '')
  end
  item:append_text(kind == 3 and string.format(' %d', values.index) or '')
  add_notes(item, key)
  return words
end

-- Messages one after another; what is none (Ethernet padding) ends the frame. Gives false when there is none at all.
local function dissect_v0(tvb, pinfo, tree, seed_length)
  local at, stop, words = 0, tvb:len(), {}
  while at < stop do
    local bytes = v0_length(tvb, at, stop)
    if not bytes then break end
    words[#words + 1] = dissect_v0_message(tvb, pinfo, tree, at, bytes)
    at = at + bytes
  end
  if #words == 0 then return false end
  if seed_length then tree:add(derived.v0_length, true):set_generated() end
  if at < stop then tree:add(zwire, tvb(at), 'Bytes behind the message'):add_proto_expert_info(experts.trailing) end
  pinfo.cols.protocol:set('ZWIRE v0')
  pinfo.cols.info:set(table.concat(words, '; '))
  return true
end

-- The seed's frames: their UDP length leaves out the header, so that Wireshark hands over 8 bytes too few or nothing
-- at all. They are taken apart behind Wireshark's back, from the whole frame.
local udp_length, udp_port, ip_length, ip_header = Field.new('udp.length'), Field.new('udp.dstport'), Field.new('ip.len'), Field.new('ip.hdr_len')

local function has_seed_length()
  local length, total, header = udp_length(), ip_length(), ip_header()
  return length and total and header and length.value == total.value - header.value - 8
end

-- Whether a receiver of ours may listen on this port; the preference reads like "1337,4000-4010".
local function is_our_port(port)
  for from, to in zwire.prefs.ports:gmatch('(%d+)%-?(%d*)') do
    if port >= tonumber(from) and port <= (tonumber(to) or tonumber(from)) then return true end
  end
  return false
end

local seed = Proto('zwire_seed', "zwire v0 with the seed's UDP length")

function seed.dissector(tvb, pinfo, tree)
  local port = udp_port()
  if not (zwire.prefs.v0 and port and is_our_port(port.value) and has_seed_length()) then return end
  local from = udp_length().offset + 4
  local bytes = math.min(udp_length().value, tvb:len() - from)
  if bytes > 0 then dissect_v0(tvb(from, bytes):tvb(), pinfo, tree, true) end
end
register_postdissector(seed)

function zwire.dissector(tvb, pinfo, tree)
  if tvb:len() < 1 then return 0 end
  if tvb:len() >= 2 and tvb(0, 2):uint() == constants.magic then
    dissect_v1(tvb, pinfo, tree)
    return tvb:len()
  end
  if zwire.prefs.v0 then
    if has_seed_length() then return 0 end -- the listener below has the whole message
    if dissect_v0(tvb, pinfo, tree, false) then return tvb:len() end
  end
  pinfo.cols.protocol:set('ZWIRE')
  pinfo.cols.info:set('not zwire')
  local item = tree:add(zwire, tvb(), 'zwire: no segment')
  item:add(derived.fault, tvb(), tvb:reported_len() < constants.header_bytes and 'truncated' or 'magic')
  item:add_proto_expert_info(experts.fault)
  return tvb:len()
end

-- Registration -----------------------------------------------------------------------------------------------------

local udp = DissectorTable.get('udp.port')
local registered_ports

local function listen_on_ports()
  if registered_ports == zwire.prefs.ports then return end
  if registered_ports then udp:remove(registered_ports, zwire) end
  registered_ports = zwire.prefs.ports
  udp:add(registered_ports, zwire)
end
zwire.prefs_changed = listen_on_ports
listen_on_ports()

-- On any other port: what begins like a segment. v0 has nothing to know it by, and is looked for on our ports only.
zwire:register_heuristic('udp', function(tvb, pinfo, tree)
  if tvb:len() < constants.header_bytes or tvb(0, 2):uint() ~= constants.magic then return false end
  if fault_of(read_header(tvb, 0), tvb:reported_len()) then return false end
  dissect_v1(tvb, pinfo, tree)
  return true
end)
