#!lua flags=allow-oom
-- KEYS: keeper. ARGV: the machine that asks, the lease in ms. Returns 1 if it has the lease now, and 0 if another has it.
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
