-- wrk sends what OPERATION says: get, list, create, update or login (with a wrong password).
--   wrk … -s rest.lua ADDRESS -- OPERATION FILE_OF_KEYS NAME_OF_RUN [TOKEN]
-- The last line of output is one JSON object with the figures.

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local ids, operation, run, count, headers = {}, "", "", 0, {}

function init(arguments)
  operation, run = arguments[1], arguments[3]
  for id in io.lines(arguments[2]) do
    ids[#ids + 1] = id
  end
  if arguments[4] and arguments[4] ~= "" then
    headers["Authorization"] = "Bearer " .. arguments[4]
  end
  math.randomseed(number)
end

local path = "/api/v1/customers"
local json = { ["Content-Type"] = "application/json" }

function request()
  count = count + 1
  if operation == "list" then
    return wrk.format("GET", path .. "?size=20", headers)
  elseif operation == "login" then
    local email = run .. "-" .. number .. "-" .. count .. "@example.com"
    return wrk.format("POST", "/api/v1/auth/login", json, '{"email":"' .. email .. '","password":"not this one"}')
  elseif operation == "create" then
    local email = run .. "-" .. number .. "-" .. count .. "@example.com"
    local body = '{"name":"Grace Hopper","email":"' .. email .. '","country":"US","phone":"+1 202 555 0143"}'
    return wrk.format("POST", path, json, body)
  end
  if operation == "update" then
    -- One row after the other: two changes of one row at a time would be refused, and rightly.
    local one = path .. "/" .. ids[count % #ids + 1]
    return wrk.format("PATCH", one, json, '{"name":"Grace Hopper ' .. count .. '"}')
  end
  return wrk.format("GET", path .. "/" .. ids[math.random(#ids)], headers)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout
  ))
end
