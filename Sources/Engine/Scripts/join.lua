#!lua flags=allow-oom
-- KEYS: life, log. ARGV: a life to begin with, the server's run id, the highest id that the asking machine has seen,
-- the keys' time to live in ms. Returns life, first, end, last (before this join), the first entry's id, 1 if it is new,
-- the time in ms.
-- A store that is full must let machines join, since they empty it: hence the flag.
local function text(number) return string.format('%.0f', number) end
local function id(entry) return entry and tonumber(string.match(entry[1], '^%d+')) or 0 end

local time = redis.call('TIME')
local now = text(time[1] * 1000 + math.floor(time[2] / 1000))
local seen = tonumber(ARGV[3])
local life, first, last, finish, run = unpack(redis.call('HMGET', KEYS[1], 'life', 'first', 'last', 'end', 'run'))
if not (life and first and last and finish) then
  -- Ids grow over all lives. The rest of a log without its life is no use to anybody.
  local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  local count = newest and tonumber(newest[2][6]) or 0
  last = math.max(time[1] * 1000000 + time[2], seen, id(newest) + count)
  life, first = ARGV[1], text(last + 1)
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'life', life, 'first', first, 'last', text(last), 'end', '0', 'run', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return {life, first, '0', text(last), '0', '1', now}
end

-- Another server, or another run of it, may have lost the newest entries: their ids are not given again.
local floor = tonumber(last)
if run ~= ARGV[2] then floor = floor + 60000000 end
floor = math.max(floor, seen)
if run ~= ARGV[2] or floor > tonumber(last) then
  redis.call('HSET', KEYS[1], 'last', text(floor), 'run', ARGV[2])
end
return {life, first, finish, last, text(id(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1])), '0', now}
