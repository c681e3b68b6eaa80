-- Turns a batch of leases into completed records.
-- KEYS: records. ARGV: worker; then per event token, fingerprint and completed ms.
-- Answers per event: 'completed' or, where another worker holds the lease, 'lost' (its record is left alone).
local worker = cjson.encode(ARGV[1])
local now = redis.call('TIME')
local answers = {}
for i, key in ipairs(KEYS) do
  local token, fingerprint, completed_ms = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
  local raw = redis.call('GET', key)
  local record = raw and cjson.decode(raw)
  if record and record.state == 'completed' then
    answers[i] = 'completed'
  elseif record and record.token ~= token then
    answers[i] = 'lost'
  else
    local started = record and record.started_at or string.format('%d.%06d', now[1], now[2])
    redis.call('SET', key, '{"state":"completed","worker":' .. worker .. ',"started_at":"' .. started
      .. '","token":"' .. token .. '","fingerprint":"' .. fingerprint .. '"}', 'PX', completed_ms)
    answers[i] = 'completed'
  end
end
return answers
