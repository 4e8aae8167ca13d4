-- KEYS: log, life. ARGV: life, the highest id that the asking machine has seen, count of ids, from (NAME/EPOCH/SEQ),
-- records, the keys' time to live in ms. Returns the first id of the entry.
local life, last, before = unpack(redis.call('HMGET', KEYS[2], 'life', 'last', 'end'))
if life ~= ARGV[1] then return redis.error_reply('LIFE the store has another life') end

local time = redis.call('TIME')
local id = math.max(time[1] * 1000000 + time[2], tonumber(last) + 1, tonumber(ARGV[2]) + 1)
local finish = string.format('%.0f', id + ARGV[3] - 1)
id = string.format('%.0f', id)
-- The first write: if the server's memory is full, it fails, and nothing has changed.
redis.call('XADD', KEYS[1], id .. '-0', 'f', ARGV[4], 't', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
  'n', ARGV[3], 'p', before, 'r', ARGV[5])
redis.call('HSET', KEYS[2], 'last', finish, 'end', finish)
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return id
