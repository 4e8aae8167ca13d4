#!lua flags=allow-oom
-- KEYS: log, life. ARGV: life, the server's run id, the keys' time to live in ms, the last id of the entry that the
-- machine has read last, and for each entry that it gives back its first id, from, time, count of ids, the end of the
-- entry before it, and records. The server has lost them (join.lua). Returns the end of the stream.
local life, mending, finish, last = unpack(redis.call('HMGET', KEYS[2], 'life', 'mending', 'end', 'last'))
if life ~= ARGV[1] then return redis.error_reply('LIFE the store has another life') end
if string.match(mending or '', '^%S+') ~= ARGV[2] then return finish end

if finish == '0' and ARGV[9] ~= '0' then
  -- Nothing is left. The stream goes on from what this machine has, and some machine has to tell what was before.
  redis.call('HSET', KEYS[2], 'whole', '0')
  finish = ARGV[9] or ARGV[4]
end
for i = 5, #ARGV, 6 do
  local id, from, time, count, before, records = unpack(ARGV, i, i + 5)
  if before == finish then
    redis.call('XADD', KEYS[1], id .. '-0', 'f', from, 't', time, 'n', count, 'p', before, 'r', records)
    finish = string.format('%.0f', id + count - 1)
    local name, epoch, sequence = string.match(from, '^([^/]+)/(%x+)/(%d+)$')
    redis.call('HSET', KEYS[2], 'from:' .. name, epoch .. '/' .. sequence .. '/' .. time)
  end
end
redis.call('HSET', KEYS[2], 'end', finish, 'last', string.format('%.0f', math.max(last, finish)))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return finish
