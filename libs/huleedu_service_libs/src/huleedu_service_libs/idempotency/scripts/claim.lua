-- Claims a batch of events in one step and says of each what was found.
-- KEYS: per event its record and its failure counter.
-- ARGV: worker, lease ms, liveness prefix, liveness ms; then per event token and fingerprint.
-- Answers per event: {verdict, attempts so far, crashes so far, ms until a held lease ends, holder}.
-- A lease whose worker has no liveness key any more is taken over at once and counted as a crash.
local worker, lease_ms, prefix, alive_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
redis.call('SET', prefix .. worker, '1', 'PX', alive_ms)
local now = redis.call('TIME')
local head = '{"state":"processing","worker":' .. cjson.encode(worker)
  .. string.format(',"started_at":"%d.%06d","token":"', now[1], now[2])

local function take(key, token, fingerprint)
  redis.call('SET', key, head .. token .. '","fingerprint":"' .. fingerprint .. '"}', 'PX', lease_ms)
end

local counters = {}
for i = 2, #KEYS, 2 do counters[i / 2] = KEYS[i] end
local counts = redis.call('MGET', unpack(counters))

local answers = {}
for i = 1, #KEYS / 2 do
  local key, counter = KEYS[2 * i - 1], KEYS[2 * i]
  local token, fingerprint = ARGV[3 + 2 * i], ARGV[4 + 2 * i]
  local raw = redis.call('GET', key)
  local failures, crashes = 0, 0
  if counts[i] then
    local counted = cjson.decode(counts[i])
    failures, crashes = counted.failures, counted.crashes
  end
  local answer
  if not raw then
    take(key, token, fingerprint)
    answer = {'claimed', failures, crashes, 0, worker}
  else
    local record = cjson.decode(raw)
    if record.fingerprint ~= fingerprint then
      answer = {'conflict', failures, crashes, 0, record.worker}
    elseif record.state == 'completed' then
      answer = {'completed', failures, crashes, 0, record.worker}
    elseif record.token == token then
      answer = {'claimed', failures, crashes, 0, worker}
    elseif redis.call('EXISTS', prefix .. record.worker) == 0 then
      crashes = crashes + 1
      redis.call('SET', counter, cjson.encode({failures = failures, crashes = crashes}), 'PX', 86400000)
      take(key, token, fingerprint)
      answer = {'recovered', failures, crashes, 0, record.worker}
    else
      answer = {'held', failures, crashes, redis.call('PTTL', key), record.worker}
    end
  end
  answers[i] = answer
end
return answers
