-- AES-256-GCM and SHA-256 in plain Lua: Wireshark gives Lua no cipher (GcryptCipher came with 4.6, after many
-- installed versions), and control messages are small. FIPS 197, FIPS 180-4, NIST SP 800-38D.
-- `bit` is LuaBitOp, which Wireshark brings for every Lua that it was ever built with; its results are signed.
local band, bor, bxor, bnot = bit.band, bit.bor, bit.bxor, bit.bnot
local lshift, rshift, ror = bit.lshift, bit.rshift, bit.ror
local unpack = table.unpack or unpack

-- Four bytes of a string as a number, and back; positions count from 1.
local function word_at(text, at)
  local a, b, c, d = text:byte(at, at + 3)
  return bor(lshift(a or 0, 24), lshift(b or 0, 16), lshift(c or 0, 8), d or 0)
end

local function word_text(word)
  return string.char(band(rshift(word, 24), 255), band(rshift(word, 16), 255), band(rshift(word, 8), 255), band(word, 255))
end

-- SHA-256 ---------------------------------------------------------------------------------------------------------

-- The first 32 bits of the fractional parts of roots of primes, computed as the standard defines them.
local function fraction_bits(number)
  return bit.tobit(math.floor((number - math.floor(number)) * 4294967296))
end

local SHA_K, SHA_START = {}, {}
do
  local candidate = 2
  while #SHA_K < 64 do
    local prime = true
    for divisor = 2, math.floor(math.sqrt(candidate)) do
      if candidate % divisor == 0 then prime = false break end
    end
    if prime then
      if #SHA_START < 8 then SHA_START[#SHA_START + 1] = fraction_bits(candidate ^ (1 / 2)) end
      SHA_K[#SHA_K + 1] = fraction_bits(candidate ^ (1 / 3))
    end
    candidate = candidate + 1
  end
end

local function sha256_block(state, text, at)
  local w = {}
  for i = 0, 15 do w[i] = word_at(text, at + i * 4) end
  for i = 16, 63 do
    local x, y = w[i - 15], w[i - 2]
    local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
    local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
    w[i] = bit.tobit(w[i - 16] + s0 + w[i - 7] + s1)
  end
  local a, b, c, d, e, f, g, h = unpack(state)
  for i = 0, 63 do
    local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
    local t1 = h + s1 + bxor(band(e, f), band(bnot(e), g)) + SHA_K[i + 1] + w[i]
    local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
    local t2 = s0 + bxor(band(a, b), band(a, c), band(b, c))
    h, g, f, e, d, c, b, a = g, f, e, bit.tobit(d + t1), c, b, a, bit.tobit(t1 + t2)
  end
  local now = { a, b, c, d, e, f, g, h }
  for i = 1, 8 do state[i] = bit.tobit(state[i] + now[i]) end
end

local function sha256(text)
  local state = { unpack(SHA_START) }
  local padded = text .. '\128' .. string.rep('\0', (55 - #text) % 64 + 4) .. word_text(#text * 8)
  for at = 1, #padded, 64 do sha256_block(state, padded, at) end
  local words = {}
  for i = 1, 8 do words[i] = word_text(state[i]) end
  return table.concat(words)
end

local function hmac_sha256(key, text)
  local function pad(byte)
    local bytes = {}
    for i = 1, 64 do bytes[i] = string.char(bxor(key:byte(i) or 0, byte)) end
    return table.concat(bytes)
  end
  return sha256(pad(0x5c) .. sha256(pad(0x36) .. text))
end

-- AES-256 ---------------------------------------------------------------------------------------------------------

local SBOX, TABLE = {}, { {}, {}, {}, {} }
do
  local function double(x)
    local twice = lshift(x, 1)
    return twice > 255 and bxor(twice, 0x11b) or twice
  end
  local p, q = 1, 1
  repeat -- p runs through all elements of the field, q through their inverses
    p = bxor(p, double(p))
    q = bxor(q, lshift(q, 1))
    q = bxor(q, lshift(q, 2))
    q = band(bxor(q, lshift(q, 4)), 255)
    if q > 127 then q = bxor(q, 9) end
    local x = bor(q, lshift(q, 8))
    SBOX[p] = bxor(band(bxor(x, rshift(x, 7), rshift(x, 6), rshift(x, 5), rshift(x, 4)), 255), 0x63)
  until p == 1
  SBOX[0] = 0x63
  for i = 0, 255 do
    local s = SBOX[i]
    local s2 = double(s)
    local word = bor(lshift(s2, 24), lshift(s, 16), lshift(s, 8), bxor(s2, s))
    for t = 1, 4 do TABLE[t][i] = ror(word, 8 * (t - 1)) end
  end
end

local function sub_word(word)
  return bor(
    lshift(SBOX[band(rshift(word, 24), 255)], 24), lshift(SBOX[band(rshift(word, 16), 255)], 16),
    lshift(SBOX[band(rshift(word, 8), 255)], 8), SBOX[band(word, 255)])
end

local function aes256_schedule(key)
  local w, round = {}, 1
  for i = 0, 7 do w[i] = word_at(key, i * 4 + 1) end
  for i = 8, 59 do
    local word = w[i - 1]
    if i % 8 == 0 then
      word = bxor(sub_word(ror(word, 24)), lshift(round, 24))
      round = lshift(round, 1)
    elseif i % 8 == 4 then
      word = sub_word(word)
    end
    w[i] = bxor(w[i - 8], word)
  end
  return w
end

local function aes256_encrypt(w, a, b, c, d)
  local t1, t2, t3, t4 = TABLE[1], TABLE[2], TABLE[3], TABLE[4]
  local function mix(x, y, z, u, key)
    return bxor(t1[band(rshift(x, 24), 255)], t2[band(rshift(y, 16), 255)], t3[band(rshift(z, 8), 255)], t4[band(u, 255)], key)
  end
  a, b, c, d = bxor(a, w[0]), bxor(b, w[1]), bxor(c, w[2]), bxor(d, w[3])
  for round = 1, 13 do
    local k = round * 4
    a, b, c, d = mix(a, b, c, d, w[k]), mix(b, c, d, a, w[k + 1]), mix(c, d, a, b, w[k + 2]), mix(d, a, b, c, w[k + 3])
  end
  local function last(x, y, z, u, key)
    return bxor(bor(
      lshift(SBOX[band(rshift(x, 24), 255)], 24), lshift(SBOX[band(rshift(y, 16), 255)], 16),
      lshift(SBOX[band(rshift(z, 8), 255)], 8), SBOX[band(u, 255)]), key)
  end
  return last(a, b, c, d, w[56]), last(b, c, d, a, w[57]), last(c, d, a, b, w[58]), last(d, a, b, c, w[59])
end

-- GCM -------------------------------------------------------------------------------------------------------------

-- Multiplication by H, four bits at a time: multiples of H, and what four bits that fall out are worth.
local function ghash_table(h1, h2, h3, h4)
  local function halve(a, b, c, d)
    local out = band(d, 1)
    d = bor(rshift(d, 1), lshift(c, 31))
    c = bor(rshift(c, 1), lshift(b, 31))
    b = bor(rshift(b, 1), lshift(a, 31))
    a = rshift(a, 1)
    if out == 1 then a = bxor(a, 0xe1000000) end
    return a, b, c, d
  end
  local m = { [0] = { 0, 0, 0, 0 }, [8] = { h1, h2, h3, h4 } }
  for _, i in ipairs({ 4, 2, 1 }) do m[i] = { halve(unpack(m[i * 2])) } end
  for _, i in ipairs({ 2, 4, 8 }) do
    for j = 1, i - 1 do
      m[i + j] = { bxor(m[i][1], m[j][1]), bxor(m[i][2], m[j][2]), bxor(m[i][3], m[j][3]), bxor(m[i][4], m[j][4]) }
    end
  end
  local fallen = {}
  for i = 0, 15 do
    local a, b, c, d = 0, 0, 0, i
    for _ = 1, 4 do a, b, c, d = halve(a, b, c, d) end
    fallen[i] = a
  end
  return { multiples = m, fallen = fallen }
end

local function ghash_step(h, y, a, b, c, d)
  local x = { bxor(y[1], a), bxor(y[2], b), bxor(y[3], c), bxor(y[4], d) }
  local m, fallen = h.multiples, h.fallen
  local za, zb, zc, zd = 0, 0, 0, 0
  for w = 4, 1, -1 do
    local word = x[w]
    for shift = 0, 28, 4 do
      local out = band(zd, 15)
      zd = bor(rshift(zd, 4), lshift(zc, 28))
      zc = bor(rshift(zc, 4), lshift(zb, 28))
      zb = bor(rshift(zb, 4), lshift(za, 28))
      za = bxor(rshift(za, 4), fallen[out])
      local by = m[band(rshift(word, shift), 15)]
      za, zb, zc, zd = bxor(za, by[1]), bxor(zb, by[2]), bxor(zc, by[3]), bxor(zd, by[4])
    end
  end
  y[1], y[2], y[3], y[4] = za, zb, zc, zd
end

local function ghash_text(h, y, text)
  for at = 1, #text, 16 do
    ghash_step(h, y, word_at(text, at), word_at(text, at + 4), word_at(text, at + 8), word_at(text, at + 12))
  end
end

-- A key ready for use; `prefix` is the 4 bytes before the number in every nonce.
local function gcm_key(key, prefix)
  local schedule = aes256_schedule(key)
  return { schedule = schedule, prefix = prefix, hash = ghash_table(aes256_encrypt(schedule, 0, 0, 0, 0)) }
end

-- Opens what was sealed under `number`: the plaintext, or nil when the tag does not fit.
local function gcm_open(key, number, aad, sealed, tag)
  local n1, n2, n3 = word_at(key.prefix, 1), bit.tobit(math.floor(number / 4294967296)), bit.tobit(number % 4294967296)
  local y = { 0, 0, 0, 0 }
  ghash_text(key.hash, y, aad)
  ghash_text(key.hash, y, sealed)
  ghash_step(key.hash, y, 0, #aad * 8, 0, #sealed * 8)
  local a, b, c, d = aes256_encrypt(key.schedule, n1, n2, n3, 1)
  local expected = word_text(bxor(y[1], a)) .. word_text(bxor(y[2], b)) .. word_text(bxor(y[3], c)) .. word_text(bxor(y[4], d))
  if expected ~= tag then return nil end
  local out = {}
  for at = 1, #sealed, 16 do
    a, b, c, d = aes256_encrypt(key.schedule, n1, n2, n3, (at - 1) / 16 + 2)
    out[#out + 1] = word_text(bxor(a, word_at(sealed, at))) .. word_text(bxor(b, word_at(sealed, at + 4)))
      .. word_text(bxor(c, word_at(sealed, at + 8))) .. word_text(bxor(d, word_at(sealed, at + 12)))
  end
  return table.concat(out):sub(1, #sealed)
end
