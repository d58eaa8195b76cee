-- Keys of a transfer (docs/protocol.md): HKDF's expansion of one block (RFC 5869), and both of a direction. The prefix
-- is the 4 bytes before the number in every nonce.
local function expand(secret, label, bytes)
  return hmac_sha256(secret, 'zwire v1 ' .. label .. '\1'):sub(1, bytes)
end

local function ready_key(cipher, key, prefix)
  if cipher == 'chacha20-poly1305' then return { key = key, prefix = prefix, open = chacha20_open } end
  local ready = gcm_key(key, prefix)
  ready.open = gcm_open
  return ready
end

local function direction_key(cipher, secret, name)
  return ready_key(cipher, expand(secret, name .. ' key', 32), expand(secret, name .. ' nonce', 4))
end

local function open_sealed(key, number, aad, sealed, tag) return key:open(number, aad, sealed, tag) end

-- From the secret of a transfer, which is that of its first epoch.
local function transfer_keys(cipher, secret)
  return {
    cipher = cipher,
    secret = secret,
    from_sender = direction_key(cipher, secret, 'control s2r'),
    from_receiver = direction_key(cipher, secret, 'control r2s'),
  }
end

-- Of the open suite, for the salt of an announcement.
local function open_suite_keys(salt)
  return transfer_keys('aes-256-gcm', hmac_sha256(salt, 'zwire open suite v1'))
end

-- The key of a record: a new one every `records_per_epoch`, each from the one before. nil for a record number so large
-- that only a broken or hostile sender can have written it: 1,024 epochs are 64 TiB.
local EPOCHS_MAX = 1024

local function data_key(keys, record)
  local epoch = math.floor(record / constants.records_per_epoch)
  if epoch > EPOCHS_MAX then return nil end
  if keys.epoch ~= epoch then
    local secret = keys.secret
    for _ = 1, epoch do secret = expand(secret, 'data next', 32) end
    keys.epoch, keys.data = epoch, direction_key(keys.cipher, secret, 'data')
  end
  return keys.data
end
