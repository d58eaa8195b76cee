-- The file that `zwire send --key-log` and `zwire receive --key-log` write (src/transfer/key-log.ts), named by the preference
-- key_log. Lines for each transfer; the last one of a kind counts, other lines are left alone:
--
--   zwire-handshake1 TRANSFER CIPHER KEY HASH
--   zwire-keys1 TRANSFER CIPHER SECRET
--
-- It is read when a secret of a transfer is asked for, and again when it has grown, at most once a second.

local KEY_LOG_BYTES_MAX = 16777216
local CIPHERS = { ['aes-256-gcm'] = true, ['chacha20-poly1305'] = true }
local SECRETS = { ['zwire-keys1'] = '^(%x+)$', ['zwire-handshake1'] = '^(%x+) (%x+)$' }
local SECRET_DIGITS = 64
local key_log = { path = '', size = -1, looked_at = -1 }

local function bytes_of_hex(text)
  return (text:gsub('%x%x', function(pair) return string.char(tonumber(pair, 16)) end))
end

local function forget_lines()
  key_log.size, key_log.lines = -1, { ['zwire-keys1'] = {}, ['zwire-handshake1'] = {} }
end
forget_lines()

local function read_line(line)
  local kind, id, cipher, rest = line:match('^([%w-]+) (%x+) ([%w-]+) (.-)%s*$')
  if not kind or not SECRETS[kind] or #id ~= 16 or not CIPHERS[cipher] then return end
  local first, second = rest:match(SECRETS[kind])
  if not first or #first ~= SECRET_DIGITS or (second and #second ~= SECRET_DIGITS) then return end
  key_log.lines[kind][id:lower()] = { cipher = cipher, first = first, second = second }
end

local function read_key_log(path)
  local now = os.time()
  if key_log.path == path and key_log.looked_at == now then return end
  if key_log.path ~= path then forget_lines() end
  key_log.path, key_log.looked_at = path, now
  local file = io.open(path, 'rb')
  if not file then return end
  local size = file:seek('end')
  if size and size ~= key_log.size and size <= KEY_LOG_BYTES_MAX then
    forget_lines()
    key_log.size = size
    file:seek('set')
    for line in file:lines() do read_line(line) end
  end
  file:close()
end

-- What the key log says of a transfer, or nil; `id` is its number in hex.
local function logged(kind, id)
  local path = zwire.prefs.key_log
  if path == '' then return nil end
  local name = id:lower()
  if key_log.path ~= path or not key_log.lines[kind][name] then read_key_log(path) end
  return key_log.lines[kind][name]
end

-- The keys of a transfer, or nil.
local function logged_keys(id)
  local line = logged('zwire-keys1', id)
  return line and transfer_keys(line.cipher, bytes_of_hex(line.first))
end

-- What opens the payload of a transfer's first handshake message, or nil.
local function logged_handshake(id)
  local line = logged('zwire-handshake1', id)
  return line and { key = ready_key(line.cipher, bytes_of_hex(line.first), '\0\0\0\0'), hash = bytes_of_hex(line.second) }
end
