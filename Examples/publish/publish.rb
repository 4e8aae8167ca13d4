# ruby publish.rb CLIENT JSON [SECONDS]        e.g.  ruby publish.rb c42 '{"hello":"world"}' 5
# With SECONDS (1 to 60) the answer comes when it is known what became of the message, or when they are over.
require "json"
require "net/http"

MEANING = {
  "acknowledged" => "the client has it, and has said so",
  "delivered" => "it went out to a client that never says what it has",
  "handed" => "it went out to a client that never says what it has",
  "expired" => "it never came",
  "dropped" => "it never came",
}
client, message, seconds = ARGV
headers = { "Content-Type" => "application/json" }
headers["Authorization"] = "Bearer #{ENV["MEGACOMET_KEY"]}" if ENV["MEGACOMET_KEY"]
uri = URI(ENV.fetch("MEGACOMET", "http://127.0.0.1:9001") + "/publish" + (seconds ? "?wait=#{seconds}" : ""))
body = JSON.generate(client: client, message: JSON.parse(message))
answer = Net::HTTP.start(uri.host, uri.port, read_timeout: 70) { |http| http.post(uri.request_uri, body, headers) }
puts answer.body
exit false unless answer.is_a?(Net::HTTPSuccess)
puts MEANING.fetch(JSON.parse(answer.body)["status"], "not known yet, it may still come") if seconds # HTTP status 202
