# A Rails application in one file, with Doorkeeper. DATABASE_URL is the database, HASH_SECRETS is yes or no,
# and DATA is a folder for what Rails leaves behind.
require "logger"
require "rails"
require "active_support/all"
require "action_controller/railtie"
require "active_record/railtie"
require "doorkeeper"

class Application < Rails::Application
  config.root = ENV.fetch("DATA")
  config.load_defaults 6.1
  config.eager_load = true
  config.secret_key_base = SecureRandom.hex(32)
  config.logger = Logger.new($stderr)
  config.log_level = :error
end

Doorkeeper.configure do
  orm :active_record
  resource_owner_authenticator { raise "no flow with a user is enabled" }
  grant_flows %w[client_credentials]
  default_scopes :read
  access_token_expires_in 1.hour
  if ENV.fetch("HASH_SECRETS") == "yes"
    hash_token_secrets
    hash_application_secrets
  end
end

Application.initialize!
Application.routes.draw do
  use_doorkeeper { skip_controllers :applications, :authorized_applications, :authorizations }
end

# The tables of `rails generate doorkeeper:migration`, without what only flows with a user need.
ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table :oauth_applications do |t|
    t.string :name, null: false
    t.string :uid, null: false, index: { unique: true }
    t.string :secret, null: false
    t.text :redirect_uri
    t.string :scopes, null: false, default: ""
    t.boolean :confidential, null: false, default: true
    t.timestamps
  end

  create_table :oauth_access_tokens do |t|
    t.references :resource_owner, index: true
    t.references :application, null: false
    t.string :token, null: false, index: { unique: true }
    t.string :refresh_token, index: { unique: true }
    t.integer :expires_in
    t.datetime :revoked_at
    t.datetime :created_at, null: false
    t.string :scopes
    t.string :previous_refresh_token, null: false, default: ""
  end
end

client = Doorkeeper::Application.new(name: "bench", uid: ENV.fetch("CLIENT_ID"), redirect_uri: "", scopes: "read")
client.secret = Doorkeeper.config.application_secret_strategy.transform_secret(ENV.fetch("CLIENT_SECRET"))
client.save!

run Application
