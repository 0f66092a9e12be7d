#include "cli/command.hpp"

#include "cli/cmd_backup.hpp"
#include "cli/cmd_cancel.hpp"
#include "cli/cmd_completion.hpp"
#include "cli/cmd_configure.hpp"
#include "cli/cmd_doctor.hpp"
#include "cli/cmd_failed_change.hpp"
#include "cli/cmd_failed_list.hpp"
#include "cli/cmd_failed_show.hpp"
#include "cli/cmd_keygen.hpp"
#include "cli/cmd_load.hpp"
#include "cli/cmd_migrate.hpp"
#include "cli/cmd_operation.hpp"
#include "cli/cmd_replay.hpp"
#include "cli/cmd_routes_check.hpp"
#include "cli/cmd_routes_preview.hpp"
#include "cli/cmd_status.hpp"
#include "cli/cmd_subscribe.hpp"
#include "cli/cmd_track.hpp"
#include "cli/cmd_unsubscribe.hpp"
#include "cli/cmd_untrack.hpp"
#include "cli/cmd_verify.hpp"
#include "cli/cmd_wait.hpp"
#include "migrations/migrator.hpp"

namespace mailboat::cli {

namespace {

std::vector<CommandRow> failed_commands() {
  return {
      {"list", "List events that a replica could not apply", "mailboat failed list shop --error UNIQUE",
       make_failed_list},
      {"show", "Show one event: payload, error and history", "mailboat failed show shop 42",
       make_failed_show},
      {"retry", "Try events again at once, counting from zero",
       "mailboat failed retry shop --topic public.users --dry-run", make_failed_retry},
      {"discard", "Give events up for good: the replica stays without them",
       "mailboat failed discard shop 42 43", make_failed_discard},
  };
}

std::vector<CommandRow> routes_commands() {
  return {
      {"check", "Check the routes of a consumer's file without running it, and print their SQL",
       "mailboat routes check --config consumer.toml --postgres postgresql://localhost/shop --database "
       "shop.db",
       make_routes_check},
      {"preview", "Show the first rows as the routes would write them",
       "mailboat routes preview --config consumer.toml --topic public.users --rows 10", make_routes_preview},
  };
}

}  // namespace

const std::vector<CommandRow>& commands() {
  static const std::vector<CommandRow> rows{
      {"migrate", "Install the schema outbox, or bring it up to date",
       "mailboat --postgres postgresql://postgres@localhost/shop migrate", make_migrate},
      {"doctor", "Check server, schema and capture, and say what to do about each finding",
       "mailboat doctor --json", make_doctor},
      {"track", "Carry the changes of tables from now on; again, to change how",
       "mailboat track public.users '\"My Schema\".\"Order\"' --exclude password_hash", make_track},
      {"untrack", "Stop carrying the changes of tables", "mailboat untrack public.users", make_untrack},
      {"subscribe", "Make a subscription: a stream to one SQLite replica",
       "mailboat subscribe shop --topics public.users,public.orders", make_subscribe},
      {"configure", "Change how a subscription retries what its replica could not apply",
       "mailboat configure shop --max-attempts 8 --retry-delay-max 1h", make_configure},
      {"unsubscribe", "Remove a subscription and what is remembered of it", "mailboat unsubscribe shop",
       make_unsubscribe},
      {"status", "Show how far each subscription has come", "mailboat status", make_status},
      {"wait", "Wait until a replica has everything committed so far; exit code 1 if it does not get there",
       "mailboat wait shop --timeout 30s", make_wait},
      {"failed",
       "See, retry and discard what replicas could not apply",
       "mailboat failed list",
       {},
       failed_commands()},
      {"load", "Read the rows of tables again and replace them in the replica, in place",
       "mailboat load shop --tables public.users --wait", make_load},
      {"verify", "Compare a replica with the source, row by row, and mend it on request",
       "mailboat verify shop --tables public.users --repair", make_verify},
      {"replay", "Send events that the log still holds once more",
       "mailboat replay shop --topic public.users --key id=7 --dry-run", make_replay},
      {"operation", "Show how a load, a verification or a replay goes, or the last ones",
       "mailboat operation 7", make_operation},
      {"cancel", "End a load that has not begun, a verification or a replay", "mailboat cancel 7",
       make_cancel},
      {"routes",
       "Try the routes of a consumer's configuration file",
       "mailboat routes check --config consumer.toml",
       {},
       routes_commands()},
      {"backup", "Copy a replica's SQLite file while it is in use",
       "mailboat backup --database shop.db --to shop-backup.db", make_backup},
      {"keygen", "Make a key pair for a daemon: FILE, which is secret, and FILE.pub",
       "mailboat keygen /etc/mailboat/consumer.key", make_keygen},
      {"completion", "Print a completion script for bash", "source <(mailboat completion)", make_completion},
  };
  return rows;
}

postgres::Connection connect(const Context& context) { return {context.postgres, "mailboat"}; }

postgres::Connection connect_to_outbox(const Context& context) {
  auto connection = connect(context);
  migrations::require_supported_server(connection);
  migrations::require_current_schema(connection);
  return connection;
}

}  // namespace mailboat::cli
