/**
 * What the store itself runs, each script as one step that nothing comes between.
 *
 * Every key of a tenant begins with the script's one key, which holds the tenant's generation; a reset or an import fills another
 * generation and then turns to it. In a generation G: `r:NAME` a record, `x:INDEX` the names under an index (score: order of
 * creation), `e` the names that expire (score: when, on the age clock), `k` the indexes that name a kind as a whole, `o` the order
 * that was given last, `l:LOG` a log, `ll` the logs' names. Beside the generations: `n` the last one that was given, `old` those to be
 * cleaned, `last` the logs' last numbers.
 *
 * A record is one string: version, order, expiry (`-` for none), its indexes as a JSON list, a line feed, the value as JSON. Nothing has
 * a time to live: the age clock can be moved and stopped. Each new record takes up to four expired ones with it, and the oldest two of its
 * kind where the tenant holds as many as it may.
 */
import { createHash } from 'node:crypto';

export interface Script {
  text: string;
  /** SHA-1 of the text, by which the store knows it. */
  sha: string;
  /** It changes nothing but what has expired, and may be run again when its answer was lost. */
  reads: boolean;
}

/** ARGV[1] is always the tenant's age, or `-` where it does not matter. */
const GENERATION = `
local base, age = KEYS[1], tonumber(ARGV[1])
local prefix = base .. ':' .. (redis.call('GET', base) or '0') .. ':'
`;

const RECORDS = `
local function parse(raw)
  local version, order, expires, indexes, text = string.match(raw, '^(%d+) (%d+) (%S+) ([^\\n]*)\\n(.*)$')
  return { version = tonumber(version), order = order, expires = expires, indexes = indexes, text = text }
end

local function forget(name, record)
  redis.call('DEL', prefix .. 'r:' .. name)
  for _, index in ipairs(cjson.decode(record.indexes)) do redis.call('ZREM', prefix .. 'x:' .. index, name) end
  if record.expires ~= '-' then redis.call('ZREM', prefix .. 'e', name) end
end

local function find(name)
  local raw = redis.call('GET', prefix .. 'r:' .. name)
  if not raw then return nil end
  local record = parse(raw)
  if record.expires == '-' or age < tonumber(record.expires) then return record end
  forget(name, record)
  return nil
end

local function write(name, record)
  local head = record.version .. ' ' .. record.order .. ' ' .. record.expires .. ' ' .. record.indexes
  redis.call('SET', prefix .. 'r:' .. name, head .. '\\n' .. record.text)
end
`;

const INSERT = `
local function insert(name, record)
  record.order = string.format('%.0f', redis.call('INCR', prefix .. 'o'))
  write(name, record)
  local indexes = cjson.decode(record.indexes)
  redis.call('SADD', prefix .. 'k', indexes[1])
  for _, index in ipairs(indexes) do redis.call('ZADD', prefix .. 'x:' .. index, record.order, name) end
  if record.expires ~= '-' then redis.call('ZADD', prefix .. 'e', record.expires, name) end
end

local function make_room(indexes)
  local limit = tonumber(ARGV[#ARGV])
  if limit == 0 then return end
  local kind = prefix .. 'x:' .. cjson.decode(indexes)[1]
  if redis.call('ZCARD', kind) < limit then return end
  for _, name in ipairs(redis.call('ZRANGE', kind, 0, 1)) do
    local raw = redis.call('GET', prefix .. 'r:' .. name)
    if raw then forget(name, parse(raw)) else redis.call('ZREM', kind, name) end
  end
end

local function sweep()
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'e', '-inf', ARGV[1], 'LIMIT', 0, 4)) do
    find(name)
    redis.call('ZREM', prefix .. 'e', name)
  end
end
`;

const REPLACE = `
local function replace(name, record, expires, indexes, text)
  if indexes ~= record.indexes then
    for _, index in ipairs(cjson.decode(record.indexes)) do redis.call('ZREM', prefix .. 'x:' .. index, name) end
    for _, index in ipairs(cjson.decode(indexes)) do redis.call('ZADD', prefix .. 'x:' .. index, record.order, name) end
  end
  if expires == '-' then
    if record.expires ~= '-' then redis.call('ZREM', prefix .. 'e', name) end
  elseif expires ~= record.expires then
    redis.call('ZADD', prefix .. 'e', expires, name)
  end
  record.version, record.expires, record.indexes, record.text = record.version + 1, expires, indexes, text
  write(name, record)
  return record.version
end
`;

/** ARGV: age, name. Returns version and text, or nil. */
export const GET = reading(
  GENERATION,
  RECORDS,
  `
local found = find(ARGV[2])
return found and { found.version, found.text }
`,
);

/** ARGV: age, name, expiry, indexes, text, limit (0: none). Returns the version. */
export const PUT = script(
  GENERATION,
  RECORDS,
  INSERT,
  REPLACE,
  `
local found = find(ARGV[2])
if found then return replace(ARGV[2], found, ARGV[3], ARGV[4], ARGV[5]) end
sweep()
make_room(ARGV[4])
insert(ARGV[2], { version = 1, expires = ARGV[3], indexes = ARGV[4], text = ARGV[5] })
return 1
`,
);

/** ARGV: age, name, expiry, indexes, text, limit (0: none). Returns 1 when it was written. */
export const PUT_IF_ABSENT = script(
  GENERATION,
  RECORDS,
  INSERT,
  `
if find(ARGV[2]) then return 0 end
sweep()
make_room(ARGV[4])
insert(ARGV[2], { version = 1, expires = ARGV[3], indexes = ARGV[4], text = ARGV[5] })
return 1
`,
);

/** ARGV: age, name. Returns the text of what it removed, or nil. */
export const TAKE = script(
  GENERATION,
  RECORDS,
  `
local found = find(ARGV[2])
if not found then return false end
forget(ARGV[2], found)
return found.text
`,
);

/** ARGV: age, name, expiry, indexes, most counts, limit (0: none). Returns the count and 1 when it was counted; nil for no counter. */
export const INCREMENT = script(
  GENERATION,
  RECORDS,
  INSERT,
  REPLACE,
  `
local found = find(ARGV[2])
local count = 0
if found then count = tonumber(found.text) end
if not count then return false end
if count >= tonumber(ARGV[5]) then return { count, 0 } end
local text = string.format('%.0f', count + 1)
if found then
  replace(ARGV[2], found, found.expires, found.indexes, text)
else
  sweep()
  make_room(ARGV[4])
  insert(ARGV[2], { version = 1, expires = ARGV[3], indexes = ARGV[4], text = text })
end
return { count + 1, 1 }
`,
);

/** ARGV: age, name, expected version, expiry or '=', indexes or '=', text. Returns 1 when it was written. */
export const UPDATE = script(
  GENERATION,
  RECORDS,
  REPLACE,
  `
local found = find(ARGV[2])
if not found or found.version ~= tonumber(ARGV[3]) then return 0 end
local expires, indexes = ARGV[4], ARGV[5]
if expires == '=' then expires = found.expires end
if indexes == '=' then indexes = found.indexes end
replace(ARGV[2], found, expires, indexes, ARGV[6])
return 1
`,
);

/** ARGV: age, index. Returns name, version, text, name, … in the order of creation. */
export const LIST = reading(
  GENERATION,
  RECORDS,
  `
local all = {}
for _, name in ipairs(redis.call('ZRANGE', prefix .. 'x:' .. ARGV[2], 0, -1)) do
  local found = find(name)
  if found then
    all[#all + 1] = name
    all[#all + 1] = found.version
    all[#all + 1] = found.text
  end
end
return all
`,
);

/** ARGV: '-', log, text, how many to keep, beginning of the channel. Returns the entry's number. */
export const APPEND = script(
  GENERATION,
  `
local number = redis.call('HINCRBY', base .. ':last', ARGV[2], 1)
redis.call('XADD', prefix .. 'l:' .. ARGV[2], 'MAXLEN', ARGV[4], string.format('%.0f-0', number), 'v', ARGV[3])
redis.call('SADD', prefix .. 'll', ARGV[2])
redis.call('PUBLISH', ARGV[5] .. ARGV[2], string.format('%.0f', number))
return number
`,
);

/** ARGV: '-', log, first number. Returns stream entries. */
export const READ = reading(GENERATION, `return redis.call('XRANGE', prefix .. 'l:' .. ARGV[2], ARGV[3] .. '-0', '+')`);

/** ARGV: '-', log. Returns the newest stream entry's id, or nil. */
export const NEWEST = reading(
  GENERATION,
  `
local newest = redis.call('XREVRANGE', prefix .. 'l:' .. ARGV[2], '+', '-', 'COUNT', 1)[1]
return newest and newest[1]
`,
);

/** ARGV: age. Returns names and records as they are kept, by kind in the order of creation; then log, last number, stream entries, … */
export const EXPORT = reading(
  GENERATION,
  RECORDS,
  `
local records, logs = {}, {}
local kinds = redis.call('SMEMBERS', prefix .. 'k')
table.sort(kinds)
for _, kind in ipairs(kinds) do
  for _, name in ipairs(redis.call('ZRANGE', prefix .. 'x:' .. kind, 0, -1)) do
    local raw = redis.call('GET', prefix .. 'r:' .. name)
    local expires = raw and parse(raw).expires
    if raw and (expires == '-' or age < tonumber(expires)) then
      records[#records + 1] = name
      records[#records + 1] = raw
    end
  end
end
local named = redis.call('HGETALL', base .. ':last')
for at = 1, #named, 2 do
  logs[#logs + 1] = named[at]
  logs[#logs + 1] = named[at + 1]
  logs[#logs + 1] = redis.call('XRANGE', prefix .. 'l:' .. named[at], '-', '+')
end
return { records, logs }
`,
);

/** A generation beside the one in use; it counts as old until `TURN`, so that one that is never turned to is cleaned. Returns it. */
export const BEGIN = script(`
local generation = redis.call('INCR', KEYS[1] .. ':n')
redis.call('SADD', KEYS[1] .. ':old', generation)
return generation
`);

/** ARGV: '-', generation, then for each record: name, version, expiry, indexes, text. */
export const LOAD = script(
  `local base = KEYS[1]; local prefix = base .. ':' .. ARGV[2] .. ':'`,
  RECORDS,
  INSERT,
  `
for at = 3, #ARGV, 5 do
  insert(ARGV[at], { version = ARGV[at + 1], expires = ARGV[at + 2], indexes = ARGV[at + 3], text = ARGV[at + 4] })
end
`,
);

/** ARGV: '-', generation, log, then for each entry: number, text. */
export const LOAD_LOG = script(`
local prefix = KEYS[1] .. ':' .. ARGV[2] .. ':'
redis.call('SADD', prefix .. 'll', ARGV[3])
for at = 4, #ARGV, 2 do redis.call('XADD', prefix .. 'l:' .. ARGV[3], ARGV[at] .. '-0', 'v', ARGV[at + 1]) end
`);

/**
 * ARGV: '-', generation, beginning of the channels, then for each log: name, last number. Turns to the generation, unless a later one came first: then
 * what it holds was replaced already. Wakes those who wait for a log.
 */
export const TURN = script(`
local base, current = KEYS[1], redis.call('GET', KEYS[1]) or '0'
if tonumber(ARGV[2]) < tonumber(current) then return 0 end
for at = 4, #ARGV, 2 do
  local last = tonumber(redis.call('HGET', base .. ':last', ARGV[at]) or '0')
  if tonumber(ARGV[at + 1]) > last then redis.call('HSET', base .. ':last', ARGV[at], ARGV[at + 1]) end
end
redis.call('SET', base, ARGV[2])
redis.call('SREM', base .. ':old', ARGV[2])
redis.call('SADD', base .. ':old', current)
for at = 4, #ARGV, 2 do redis.call('PUBLISH', ARGV[3] .. ARGV[at], '') end
return 1
`);

/** ARGV: '-', how many records at most. Cleans generations before the one in use; returns 1 when nothing is left to clean. */
export const CLEAN = script(
  `
local base, budget = KEYS[1], tonumber(ARGV[2])
local current, generation = tonumber(redis.call('GET', base) or '0'), nil
for _, old in ipairs(redis.call('SMEMBERS', base .. ':old')) do
  if tonumber(old) < current then generation = old end
end
if not generation then return 1 end
local prefix = base .. ':' .. generation .. ':'
`,
  RECORDS,
  `
for _, kind in ipairs(redis.call('SMEMBERS', prefix .. 'k')) do
  local names = redis.call('ZRANGE', prefix .. 'x:' .. kind, 0, budget - 1)
  for _, name in ipairs(names) do
    local raw = redis.call('GET', prefix .. 'r:' .. name)
    if raw then forget(name, parse(raw)) else redis.call('ZREM', prefix .. 'x:' .. kind, name) end
  end
  if #names == budget then return 0 end
  budget = budget - #names
  redis.call('SREM', prefix .. 'k', kind)
end
for _, log in ipairs(redis.call('SMEMBERS', prefix .. 'll')) do redis.call('DEL', prefix .. 'l:' .. log) end
redis.call('DEL', prefix .. 'll', prefix .. 'e', prefix .. 'o')
redis.call('SREM', base .. ':old', generation)
return 0
`,
);

function script(...parts: string[]): Script {
  const text = parts.join('');
  return { text, sha: createHash('sha1').update(text).digest('hex'), reads: false };
}

function reading(...parts: string[]): Script {
  return { ...script(...parts), reads: true };
}
