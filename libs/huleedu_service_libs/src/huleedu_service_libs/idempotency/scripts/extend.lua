-- The heartbeat: this worker is alive, and each lease that is still its own lasts on.
-- KEYS: records. ARGV: worker, lease ms, liveness prefix, liveness ms; then a token per event.
-- Answers per event: 1 where the lease is its own, 0 where it is gone.
redis.call('SET', ARGV[3] .. ARGV[1], '1', 'PX', ARGV[4])
local answers = {}
for i, key in ipairs(KEYS) do
  local raw = redis.call('GET', key)
  local record = raw and cjson.decode(raw)
  if record and record.state == 'processing' and record.token == ARGV[4 + i] then
    redis.call('PEXPIRE', key, ARGV[2])
    answers[i] = 1
  else
    answers[i] = 0
  end
end
return answers
