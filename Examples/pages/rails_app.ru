# Rails: a page that begins with what the database has, and goes on with what is published.
#
#     gem install rails sqlite3 puma            (Debian: apt-get install ruby-rails ruby-sqlite3 puma)
#     puma -p 8080 rails_app.ru                 # then http://localhost:8080/rooms/7
#     curl -d text=hello http://localhost:8080/rooms/7
#
# Cursor first, then the database: the client subscribes before the lines are read, so what is saved between the two
# waits for it. A line is published when it is committed. So nothing is missed, and room.js drops what comes twice. In
# an app of yours these are a controller, a model and a view; the rest is here to make one file that runs.
require "rails"
require "action_controller/railtie"
require "active_record"
require "net/http"

WORKERS = ENV.fetch("MEGACOMET_WORKERS", "http://localhost:8000 http://localhost:8001").split

module MegaComet
  def self.ask(op, **fields)
    url = URI("#{ENV.fetch("MEGACOMET", "http://127.0.0.1:9001")}/#{op}")
    JSON.parse(Net::HTTP.post(url, fields.to_json, "Content-Type" => "application/json").tap(&:value).body)
  end
end

class Line < ActiveRecord::Base
  after_create_commit { MegaComet.ask("publish", channel: "room:#{room}", message: {id: id, text: text}) }
end

class RoomsController < ActionController::Base
  protect_from_forgery with: :null_session # curl has no token

  def show
    response.headers["Cache-Control"] = "no-store" # a client id is for one page
    client = "guest:" + SecureRandom.urlsafe_base64 # with a login: the id of the user, a colon, and something random
    cursor = MegaComet.ask("subscribe", channel: "room:#{params[:id]}", client: client)["cursor"]
    @lines = Line.where(room: params[:id]).order(:id)
    @page = {client: client, urls: WORKERS, cursor: cursor}
    render inline: PAGE
  end

  def say
    render json: Line.create!(room: params[:id], text: params[:text])
  end
end

SCRIPT = File.read(File.expand_path("room.js", __dir__))
PAGE = <<~'ERB'
  <!doctype html>
  <meta charset="utf-8"><link rel="icon" href="data:,">
  <ul id="lines"><% @lines.each do |line| %><li id="line<%= line.id %>"><%= line.text %></li><% end %></ul>
  <script type="application/json" id="page"><%= raw json_escape(@page.to_json) %></script>
  <script src="<%= @page[:urls][0] %>/_/megacomet.js"></script>
  <script src="/room.js"></script>
ERB

class RoomsApp < Rails::Application
  config.eager_load = false
  config.secret_key_base = SecureRandom.hex(32)
  config.logger = Logger.new($stderr, level: :warn)
  config.hosts.clear
  routes.append do
    get "/rooms/:id", to: "rooms#show"
    post "/rooms/:id", to: "rooms#say"
    get "/room.js", to: ->(_) { [200, {"Content-Type" => "text/javascript"}, [SCRIPT]] }
  end
end

DATABASE = ENV.fetch("DATABASE", "/tmp/megacomet-rails.sqlite")
ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: DATABASE)
ActiveRecord::Base.connection.create_table(:lines, if_not_exists: true) { |t| t.integer(:room); t.text(:text) }
run RoomsApp.initialize!
