#!lua flags=allow-oom
-- KEYS: log, life. ARGV: life, the lowest id that must stay. Removes older entries, some thousands at most, and returns
-- how many. Whole nodes of the stream go, which is cheap: a few older entries may stay.
if redis.call('HGET', KEYS[2], 'life') ~= ARGV[1] then return redis.error_reply('LIFE the store has another life') end
-- All that counts was carried forward before.
redis.call('HDEL', KEYS[2], 'whole')
return redis.call('XTRIM', KEYS[1], 'MINID', '~', ARGV[2] .. '-0')
