-- Gives a batch of leases back, each only if it is still its owner's.
-- KEYS: per event its record and its failure counter. ARGV: per event token and mode:
-- 'failed' counts a failed attempt, 'unused' counts nothing.
-- Answers per event: 1 where the lease was given back, 0 where it was another's or gone.
local answers = {}
for i = 1, #KEYS / 2 do
  local key, counter = KEYS[2 * i - 1], KEYS[2 * i]
  local token, mode = ARGV[2 * i - 1], ARGV[2 * i]
  local raw = redis.call('GET', key)
  local record = raw and cjson.decode(raw)
  if record and record.state == 'processing' and record.token == token then
    redis.call('DEL', key)
    if mode == 'failed' then
      local stored = redis.call('GET', counter)
      local c = stored and cjson.decode(stored) or {failures = 0, crashes = 0}
      c.failures = c.failures + 1
      redis.call('SET', counter, cjson.encode(c), 'PX', 86400000)
    end
    answers[i] = 1
  else
    answers[i] = 0
  end
end
return answers
