-- Fields by their layouts, and the bodies of control messages.

-- A number of up to 8 bytes; whole, so that newer Lua writes it without a fraction.
local function number_of(range)
  return math.floor(range:uint64():tonumber())
end

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
      if field.kind == 'number' or field.kind == 'hex' then values[field.name] = number_of(range) end
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

local JOIN_ANSWERS = { [0] = 'join_refused', [1] = 'join_accepted', [2] = 'join_undecided' }

bodies[message_types.join] = function(tree, tvb, pinfo)
  if tvb:len() == 0 then malformed(tree, 'empty') return '' end
  local layout = JOIN_ANSWERS[tvb(0, 1):uint()]
  if not layout then malformed(tree, 'answer') return '' end
  local values, items, stop = add_layout(tree, layout, tvb, 0, tvb:len())
  if stop ~= tvb:len() then malformed(tree, 'length') end
  if layout == 'join_undecided' then return 'undecided' end
  if layout == 'join_accepted' then
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
