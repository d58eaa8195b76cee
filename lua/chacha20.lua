-- ChaCha20-Poly1305 (RFC 8439) in plain Lua, for transfers with --cipher chacha20.

local function little_word_at(text, at)
  local a, b, c, d = text:byte(at, at + 3)
  return bor(lshift(d or 0, 24), lshift(c or 0, 16), lshift(b or 0, 8), a or 0)
end

local function little_word_text(word)
  return string.char(band(word, 255), band(rshift(word, 8), 255), band(rshift(word, 16), 255), band(rshift(word, 24), 255))
end

local CHACHA_ROUNDS = { { 1, 5, 9, 13 }, { 2, 6, 10, 14 }, { 3, 7, 11, 15 }, { 4, 8, 12, 16 }, { 1, 6, 11, 16 }, { 2, 7, 12, 13 }, { 3, 8, 9, 14 }, { 4, 5, 10, 15 } }

-- 64 bytes of key stream; `state` is 16 words, of which the 13th counts.
local function chacha20_block(state, counter)
  state[13] = counter
  local x, rol, tobit = { unpack(state) }, bit.rol, bit.tobit
  for _ = 1, 10 do
    for _, quarter in ipairs(CHACHA_ROUNDS) do
      local i, j, k, l = quarter[1], quarter[2], quarter[3], quarter[4]
      local a, b, c, d = x[i], x[j], x[k], x[l]
      a = tobit(a + b) d = rol(bxor(d, a), 16)
      c = tobit(c + d) b = rol(bxor(b, c), 12)
      a = tobit(a + b) d = rol(bxor(d, a), 8)
      c = tobit(c + d) b = rol(bxor(b, c), 7)
      x[i], x[j], x[k], x[l] = a, b, c, d
    end
  end
  for i = 1, 16 do x[i] = tobit(x[i] + state[i]) end
  return x
end

local function chacha20_state(key, nonce)
  local state = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }
  for i = 0, 7 do state[5 + i] = little_word_at(key, i * 4 + 1) end
  for i = 0, 2 do state[14 + i] = little_word_at(nonce, i * 4 + 1) end
  return state
end

-- Numbers of 17 bytes, least first, modulo 2^130 - 5: products of bytes and their sums are exact in a double.
local function add_bytes(h, c)
  local carry = 0
  for i = 0, 16 do
    carry = carry + h[i] + c[i]
    h[i] = carry % 256
    carry = math.floor(carry / 256)
  end
end

local function multiply(h, r)
  local x = {}
  for i = 0, 16 do
    local sum = 0
    for j = 0, i do sum = sum + h[j] * r[i - j] end
    for j = i + 1, 16 do sum = sum + 320 * h[j] * r[i + 17 - j] end
    x[i] = sum
  end
  local carry = 0
  for i = 0, 15 do
    carry = carry + x[i]
    h[i] = carry % 256
    carry = math.floor(carry / 256)
  end
  carry = carry + x[16]
  h[16] = carry % 4
  carry = 5 * math.floor(carry / 4)
  for i = 0, 15 do
    carry = carry + h[i]
    h[i] = carry % 256
    carry = math.floor(carry / 256)
  end
  h[16] = h[16] + carry
end

-- The tag of a text whose length is a multiple of 16.
local function poly1305(key, text)
  local r, h, c = {}, {}, {}
  for i = 0, 16 do r[i], h[i] = key:byte(i + 1), 0 end
  r[16] = 0
  for _, i in ipairs({ 3, 7, 11, 15 }) do r[i] = band(r[i], 15) end
  for _, i in ipairs({ 4, 8, 12 }) do r[i] = band(r[i], 252) end
  for at = 1, #text, 16 do
    for i = 0, 15 do c[i] = text:byte(at + i) end
    c[16] = 1
    add_bytes(h, c)
    multiply(h, r)
  end
  -- h less 2^130 - 5, unless that is below zero
  local less = {}
  for i = 0, 16 do less[i], c[i] = h[i], 0 end
  c[0], c[16] = 5, 252
  add_bytes(less, c)
  if less[16] < 128 then h = less end
  for i = 0, 15 do c[i] = key:byte(17 + i) end
  c[16] = 0
  add_bytes(h, c)
  local out = {}
  for i = 0, 15 do out[i + 1] = string.char(h[i]) end
  return table.concat(out)
end

local function padded_to_16(text) return text .. string.rep('\0', -#text % 16) end

-- Opens what was sealed under `number`: the plaintext, or nil when the tag does not fit.
local function chacha20_open(key, number, aad, sealed, tag)
  local nonce = key.prefix .. word_text(bit.tobit(math.floor(number / 4294967296))) .. word_text(bit.tobit(number % 4294967296))
  local state = chacha20_state(key.key, nonce)
  local once = {}
  for i, word in ipairs(chacha20_block(state, 0)) do once[i] = little_word_text(word) end
  local lengths = little_word_text(#aad) .. '\0\0\0\0' .. little_word_text(#sealed) .. '\0\0\0\0'
  if poly1305(table.concat(once):sub(1, 32), padded_to_16(aad) .. padded_to_16(sealed) .. lengths) ~= tag then return nil end
  local out = {}
  for at = 1, #sealed, 64 do
    local stream = chacha20_block(state, (at + 63) / 64)
    for i = 0, 15 do out[#out + 1] = little_word_text(bxor(stream[i + 1], little_word_at(sealed, at + i * 4))) end
  end
  return table.concat(out):sub(1, #sealed)
end
