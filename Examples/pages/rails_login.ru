# Rails: a login, and pages that prove by a token whose they are.
#
#     megacomet keys new --algorithm HS256 --output keys.json     # tokens.keys names the file; restart the processes
#     gem install rails puma                                      (Debian: apt-get install ruby-rails puma)
#     MEGACOMET_KEYS=keys.json puma -p 8080 rails_login.ru        # then http://localhost:8080/
#     curl -d '{"user":"ann","message":"hello"}' http://localhost:9001/publish
#
# A token lives for five minutes; the page asks /megacomet-token for the next one. The logout revokes those that are
# out, so every open page of the user ends at once. Forms have Rails' CSRF token; the answer with the token has no CORS
# headers, so no other site can read it. The token is made by hand, since it is a few lines; the gem jwt does the same.
# In an app of yours these are a controller and two views.
require "rails"
require "action_controller/railtie"
require "net/http"
require "openssl"

WORKERS = ENV.fetch("MEGACOMET_WORKERS", "http://localhost:8000 http://localhost:8001").split
KEY = JSON.parse(File.read(ENV.fetch("MEGACOMET_KEYS")))["keys"][0]

module MegaComet
  def self.ask(op, **fields)
    url = URI("#{ENV.fetch("MEGACOMET", "http://127.0.0.1:9001")}/#{op}")
    JSON.parse(Net::HTTP.post(url, fields.to_json, "Content-Type" => "application/json").tap(&:value).body)
  end

  def self.token(user)
    now = Time.now.to_i
    # Tokens of pages that were opened together do not end together.
    claims = {sub: user, iat: now, exp: now + rand(240..300)}
    signed = [{alg: "HS256", kid: KEY["kid"]}, claims].map { |part| base64url(part.to_json) }.join(".")
    "#{signed}.#{base64url(OpenSSL::HMAC.digest("SHA256", Base64.urlsafe_decode64(KEY["k"]), signed))}"
  end

  def self.base64url(bytes)
    Base64.urlsafe_encode64(bytes, padding: false)
  end
end

class SessionsController < ActionController::Base
  protect_from_forgery with: :exception

  def show
    response.headers["Cache-Control"] = "no-store" # a client id is for one page
    @page = {client: "#{session[:user]}:#{SecureRandom.urlsafe_base64(8)}", urls: WORKERS}
    render inline: session[:user] ? PAGE : LOGIN
  end

  def login
    return head :bad_request unless params[:name].match?(/\A[[:alnum:]]+\z/) # a user has no colon
    reset_session
    session[:user] = params[:name] # and a password, in an app of yours
    redirect_to "/"
  end

  def token
    return head :unauthorized unless session[:user]
    response.headers["Cache-Control"] = "no-store"
    render plain: MegaComet.token(session[:user])
  end

  def logout
    user = session[:user]
    reset_session
    MegaComet.ask("disconnect", user: user, revoke: true) if user
    redirect_to "/"
  end
end

SCRIPT = File.read(File.expand_path("login.js", __dir__))
LOGIN = <<~'ERB'
  <!doctype html>
  <meta charset="utf-8"><title>log in</title><link rel="icon" href="data:,">
  <%= form_tag "/login" do %><input name="name" autofocus><button>Log in</button><% end %>
ERB
PAGE = <<~'ERB'
  <!doctype html>
  <meta charset="utf-8"><link rel="icon" href="data:,">
  <%= form_tag "/logout" do %><button>Log out</button><% end %><ul id="messages"></ul>
  <script type="application/json" id="page"><%= raw json_escape(@page.to_json) %></script>
  <script src="<%= @page[:urls][0] %>/_/megacomet.js"></script>
  <script src="/login.js"></script>
ERB

class LoginApp < Rails::Application
  config.eager_load = false
  config.secret_key_base = SecureRandom.hex(32)
  config.cache_store = :memory_store # a session that is only a cookie can't be ended before the browser drops it
  config.session_store :cache_store, key: "session", same_site: :lax
  config.logger = Logger.new($stderr, level: :warn)
  config.hosts.clear
  routes.append do
    get "/", to: "sessions#show"
    post "/login", to: "sessions#login"
    post "/logout", to: "sessions#logout"
    get "/megacomet-token", to: "sessions#token"
    get "/login.js", to: ->(_) { [200, {"Content-Type" => "text/javascript"}, [SCRIPT]] }
  end
end

run LoginApp.initialize!
