# ruby publish.rb CLIENT JSON        e.g.  ruby publish.rb c42 '{"hello":"world"}'
require "json"
require "net/http"

headers = { "Content-Type" => "application/json" }
headers["Authorization"] = "Bearer #{ENV["MEGACOMET_KEY"]}" if ENV["MEGACOMET_KEY"]
body = JSON.generate(client: ARGV[0], message: JSON.parse(ARGV[1]))
answer = Net::HTTP.post(URI(ENV.fetch("MEGACOMET", "http://127.0.0.1:9001") + "/publish"), body, headers)
puts answer.body
exit answer.is_a?(Net::HTTPSuccess)
