#!lua flags=allow-oom
-- KEYS: life, log. ARGV: a life to begin with, the server's run id, the highest id that the asking machine has seen,
-- the keys' time to live in ms, the last id of the entry that it has read last. Returns life, first, end, last (before
-- this join), the first entry's id, 1 if it is new, the last id of the newest entry that is not above what was read (if
-- it is below that, the log has lost what was read behind it), and the time in ms.
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
  -- Other machines may have seen more than this one.
  if seen > 0 then last = last + 60000000 end
  life, first = ARGV[1], text(last + 1)
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'life', life, 'first', first, 'last', text(last), 'end', '0', 'run', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return {life, first, '0', text(last), '0', '1', '0', now}
end

-- Another server, or another run of it, may have lost the newest entries: their ids are not given again.
local floor = tonumber(last)
if run ~= ARGV[2] then floor = floor + 60000000 end
floor = math.max(floor, seen)
if run ~= ARGV[2] or floor > tonumber(last) then
  redis.call('HSET', KEYS[1], 'last', text(floor), 'run', ARGV[2])
end
local below = redis.call('XREVRANGE', KEYS[2], ARGV[5], '-', 'COUNT', 1)[1]
local shared = below and text(id(below) + tonumber(below[2][6]) - 1) or '0'
return {life, first, finish, last, text(id(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1])), '0', shared, now}
