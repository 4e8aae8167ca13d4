#!lua flags=allow-oom
-- KEYS: life, log. ARGV: a life to begin with, the server's run id, the highest id that the asking machine has seen,
-- the keys' time to live in ms, the last id of the entry that it has read last (its head; 0: it knows nothing), the
-- first id of the life that it knows, its name, the end of a stream behind which it has nothing to give back, the time
-- in ms that machines have to give back, and 1 if it has read what it knows in this store or in one that was lost, and
-- did not make it alone. Returns life, first, end, last (before this join), 1 if the life is new, the end of the
-- newest entry that is not above the head (if it is below the head, the stream lacks what was read behind it), the time
-- in ms, 1 while machines may give back, and 0 if the stream lacks what was before it.
-- A store that is full must let machines join, since they empty it: hence the flag.
local function text(number) return string.format('%.0f', number) end
local function finish(entry) return string.match(entry[1], '^%d+') + entry[2][6] - 1 end
local function get(name) return redis.call('HGET', KEYS[1], name) end
local function set(...) redis.call('HSET', KEYS[1], ...) end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local run, seen, head, window = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[9])

-- The end up to which the stream has what was read up to the head.
local function shared()
  local below = redis.call('XREVRANGE', KEYS[2], ARGV[5], '-', 'COUNT', 1)[1]
  if below then return finish(below) end
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  return tonumber(oldest and oldest[2][8] or get('end') or 0)
end

local isNew = '0'
local isLife = get('life') and get('first') and get('last') and get('end')
-- A machine that knew nothing may have come to an emptied store before one that knows all. What it has begun is young.
local begun = get('begun')
local knowsOther = head > 0 and ARGV[10] == '1' and shared() ~= head
if isLife and begun and knowsOther and now - begun < 2 * window then isLife = false end
if not isLife then
  -- Ids grow over all lives. The rest of a stream without its life is no use to anybody.
  local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  local last = math.max(time[1] * 1000000 + time[2], seen, tonumber(get('last') or 0), newest and finish(newest) or 0)
  -- Other machines may have seen more than this one.
  if seen > 0 then last = last + 60000000 end
  redis.call('DEL', KEYS[1], KEYS[2])
  set('life', ARGV[1], 'last', text(last), 'end', '0')
  set('first', head > 0 and ARGV[6] ~= '0' and ARGV[6] or text(last + 1))
  if head > 0 then
    -- Nobody knows which machines there were, so the time to give back is not over before its end.
    set('mending', run .. ' ' .. text(now + window) .. ' all')
  else
    set('run', run, 'begun', text(now))
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  isNew = '1'
end

local last, isMending = get('last'), '0'
if get('run') ~= run then
  -- Another server, or another run of it, may have lost the newest entries. Machines that have read them give them back
  -- before anything new is appended. They have nothing more to give, or have not come in time, when this is over.
  local its, due, who = string.match(get('mending') or '', '^(%S+) (%d+) (%S+)$')
  if its ~= run then
    due, who = text(now + window), 'known'
    set('mending', run .. ' ' .. due .. ' ' .. who)
  end
  local done = run .. ' ' .. get('end')
  if ARGV[8] == get('end') then set('done:' .. ARGV[7], done) end
  local isOver = who == 'known'
  local fields, newest = redis.call('HGETALL', KEYS[1]), 0
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 5) == 'from:' then newest = math.max(newest, string.match(fields[i + 1], '%d+$')) end
  end
  for i = 1, #fields, 2 do
    local name = string.match(fields[i], '^from:(.*)$')
    -- A machine says something each second.
    local isThere = name and tonumber(string.match(fields[i + 1], '%d+$')) > newest - 10000
    if isThere and get('done:' .. name) ~= done then isOver = false end
  end
  if get('done:' .. ARGV[7]) ~= done then isOver = false end
  if isOver or now >= tonumber(due) then
    -- Ids that were lost are not given again.
    set('run', run, 'last', text(math.max(last + 60000000, seen)))
    redis.call('HDEL', KEYS[1], 'mending')
  else
    isMending = '1'
  end
elseif seen > tonumber(last) then
  set('last', text(seen))
end
return {get('life'), get('first'), get('end'), last, isNew, text(shared()), text(now), isMending, get('whole') or '1'}
