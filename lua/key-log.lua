-- The file that `zwire send --key-log` and `zwire receive --key-log` write (src/transfer/key-log.ts), named by the preference
-- key_log. A line for each transfer; the last one of a transfer counts, other lines are left alone:
--
--   zwire-keys1 TRANSFER CIPHER SECRET
--
-- It is read when the keys of a transfer are asked for, and again when it has grown, at most once a second.

local KEY_LOG_BYTES_MAX = 16777216
local CIPHERS = { ['aes-256-gcm'] = true, ['chacha20-poly1305'] = true }
local key_log = { path = '', size = -1, looked_at = -1, lines = {} }

local function bytes_of_hex(text)
  return (text:gsub('%x%x', function(pair) return string.char(tonumber(pair, 16)) end))
end

local function read_key_log(path)
  local now = os.time()
  if key_log.path == path and key_log.looked_at == now then return end
  if key_log.path ~= path then key_log.size, key_log.lines = -1, {} end
  key_log.path, key_log.looked_at = path, now
  local file = io.open(path, 'rb')
  if not file then return end
  local size = file:seek('end')
  if size and size ~= key_log.size and size <= KEY_LOG_BYTES_MAX then
    key_log.size, key_log.lines = size, {}
    file:seek('set')
    for line in file:lines() do
      local id, cipher, secret = line:match('^zwire%-keys1 (%x+) ([%w-]+) (%x+)%s*$')
      if id and #id == 16 and #secret == 64 and CIPHERS[cipher] then key_log.lines[id:lower()] = { cipher = cipher, secret = secret } end
    end
  end
  file:close()
end

-- The keys of a transfer, or nil; `id` is its number in hex.
local function logged_keys(id)
  local path = zwire.prefs.key_log
  if path == '' then return nil end
  local name = id:lower()
  if key_log.path ~= path or not key_log.lines[name] then read_key_log(path) end
  local line = key_log.lines[name]
  return line and transfer_keys(line.cipher, bytes_of_hex(line.secret))
end
