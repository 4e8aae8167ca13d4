-- KEYS: log, life. ARGV: life, the highest id that the asking machine has seen, count of ids, from (NAME/EPOCH/SEQ),
-- records, the keys' time to live in ms. Returns the first id of the entry.
local name, epoch, sequence = string.match(ARGV[4], '^([^/]+)/(%x+)/(%d+)$')
local life, last, before, newest = unpack(redis.call('HMGET', KEYS[2], 'life', 'last', 'end', 'from:' .. name))
if life ~= ARGV[1] then return redis.error_reply('LIFE the store has another life') end

-- A machine whose connection ended sends again what it has no answer to. What was on its way may come after that, over
-- the old connection. It is not taken twice: the answer is 0.
if newest then
  local its, number = string.match(newest, '^(%x+)/(%d+)/')
  if its == epoch and tonumber(number) >= tonumber(sequence) then return '0' end
end

local time = redis.call('TIME')
local id = math.max(time[1] * 1000000 + time[2], tonumber(last) + 1, tonumber(ARGV[2]) + 1)
local finish = string.format('%.0f', id + ARGV[3] - 1)
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
id = string.format('%.0f', id)
-- The first write: if the server's memory is full, it fails, and nothing has changed.
redis.call('XADD', KEYS[1], id .. '-0', 'f', ARGV[4], 't', now, 'n', ARGV[3], 'p', before, 'r', ARGV[5])
redis.call('HSET', KEYS[2], 'last', finish, 'end', finish, 'from:' .. name, epoch .. '/' .. sequence .. '/' .. now)
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return id
