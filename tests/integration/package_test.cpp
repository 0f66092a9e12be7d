#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include "tests/support/document.hpp"
#include "tests/support/process.hpp"
#include "tests/support/tcp_proxy.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;

bool is_there(const std::string& program) {
  return run({"sh", "-c", "command -v " + program}).exit_code == 0;
}

/// The Debian package of this build; made once.
class Package : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const auto* program : {"cpack", "dpkg-shlibdeps", "help2man", "file"})
      if (!is_there(program)) missing_ = program;
    if (!missing_.empty() || folder_ != nullptr) return;
    folder_ = std::make_unique<TempDir>("package");
    const auto made = run({"cpack", "-G", "DEB", "-B", folder_->path(), "--config",
                           std::string(MAILBOAT_BINARY_DIR) + "/CPackConfig.cmake"},
                          {}, std::chrono::minutes(3));
    ASSERT_EQ(made.exit_code, 0) << made.output << made.errors;
    for (const auto& file : fs::directory_iterator(folder_->path()))
      if (file.path().extension() == ".deb") file_ = file.path();
  }

  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << missing_ << " is not here, so no package can be made";
    ASSERT_FALSE(file_.empty());
  }

  [[nodiscard]] static std::string list() { return run({"dpkg-deb", "--contents", file_}).output; }

  static inline std::string missing_;
  static inline std::unique_ptr<TempDir> folder_;
  static inline fs::path file_;
};

TEST_F(Package, HoldsProgramsUnitsExamplesManualAndCompletion) {
  const auto files = list();
  for (const auto* name :
       {"./usr/bin/mailboat\n", "./usr/bin/mailboat-producer\n", "./usr/bin/mailboat-consumer\n",
        "./usr/lib/systemd/system/mailboat-producer.service\n",
        "./usr/lib/systemd/system/mailboat-consumer@.service\n", "/examples/producer.toml\n",
        "/examples/consumer.toml\n", "./usr/share/man/man8/mailboat-producer.8.gz\n",
        "./usr/share/man/man8/mailboat-consumer.8.gz\n", "./usr/share/man/man1/mailboat.1.gz\n",
        "./usr/share/man/man1/mailboat-failed-retry.1.gz\n",
        "./usr/share/bash-completion/completions/mailboat\n", "/docs/operations.md\n", "/README.md\n",
        "/deploy/README.md\n"})
    EXPECT_NE(files.find(name), std::string::npos) << name << " is not in\n" << files;
}

TEST_F(Package, HasAManualPageForEachCommand) {
  const auto files = list();
  const auto commands =
      run({"sh", "-c",
           program("mailboat") + " --help | sed -n '/^Subcommands:/,/^$/s/^  \\([a-z]*\\) .*/\\1/p'"});
  std::istringstream names(commands.output);
  int count = 0;
  for (std::string name; std::getline(names, name); ++count)
    EXPECT_NE(files.find("/mailboat-" + name + ".1.gz\n"), std::string::npos) << name;
  EXPECT_GT(count, 10) << commands.output;
}

// What is for who runs mailboat has to be there. Links to the source and its tests lead to the repository.
bool is_for_who_runs_it(const fs::path& linked) {
  const auto first = linked.begin()->string();
  return first == "docs" || first == "deploy" || first == "proto" || linked == "README.md" ||
         linked == "CHANGELOG.md";
}

TEST_F(Package, HoldsWhatItsDocumentsLinkTo) {
  const TempDir folder("unpacked");
  ASSERT_EQ(run({"dpkg-deb", "--extract", file_, folder.path()}).exit_code, 0);
  const auto home = folder.path() / "usr/share/doc/mailboat";
  int followed = 0;
  for (const auto& entry : fs::recursive_directory_iterator(home)) {
    if (entry.path().extension() != ".md") continue;
    for (const auto& link : relative_links(prose_of(entry.path()))) {
      const auto target = (entry.path().parent_path() / link.substr(0, link.find('#'))).lexically_normal();
      if (!is_for_who_runs_it(target.lexically_relative(home))) continue;
      ++followed;
      EXPECT_TRUE(fs::exists(target)) << link << " in " << entry.path().lexically_relative(home);
    }
  }
  EXPECT_GT(followed, 100);
}

TEST_F(Package, DependsOnTheLibrariesItUses) {
  const auto depends = run({"dpkg-deb", "--field", file_, "Depends"}).output;
  for (const auto* library : {"libpqxx", "libzmq5", "libprotobuf", "libsqlite3-0", "libsystemd0", "adduser"})
    EXPECT_NE(depends.find(library), std::string::npos) << depends;
}

/// A copy of this machine's files that is gone afterwards, and what runs there with it; what is written there
/// stays there.
constexpr auto on_a_scratch_machine = R"(
set -eu
mount -t tmpfs tmpfs "$SCRATCH"
mkdir "$SCRATCH/upper" "$SCRATCH/work" "$SCRATCH/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work" "$SCRATCH/root"
mount --bind /proc "$SCRATCH/root/proc"
mount --bind /dev "$SCRATCH/root/dev"
mount --bind "$FILES" "$SCRATCH/root/mnt"
exec chroot "$SCRATCH/root" sh -eu /mnt/steps.sh
)";

class InstalledPackage : public Package {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can install a package, even on a scratch machine";
    Package::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    fs::copy_file(file_, files_.path() / "mailboat.deb");
  }

  // Runs `steps` as root of the scratch machine; /mnt is a folder of ours.
  Finished on_scratch_machine(const std::string& steps) {
    std::ofstream(files_.path() / "steps.sh") << steps;
    const TempDir scratch("scratch");
    Process::Options options;
    options.environment = {"SCRATCH=" + scratch.path().string(), "FILES=" + files_.path().string()};
    return run({"unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "sh",
                "-c", on_a_scratch_machine},
               options, std::chrono::minutes(3));
  }

  bool has_scratch_machines() { return on_scratch_machine("echo it works").output == "it works\n"; }

  const TempDir files_{"installed"};
};

TEST_F(InstalledPackage, MakesItsUserAndAFolderForSecrets) {
  if (!has_scratch_machines()) GTEST_SKIP() << "no overlay of this machine's files can be mounted here";
  const auto done = on_scratch_machine(R"(
    dpkg --install --force-depends --path-include='/usr/share/doc/mailboat/*' /mnt/mailboat.deb >/dev/null
    getent passwd mailboat | cut -d: -f 1,6,7
    stat --format '%n %A %U %G' /etc/mailboat
  )");
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(done.output,
            "mailboat:/var/lib/mailboat:/usr/sbin/nologin\n"
            "/etc/mailboat drwxr-x--- root mailboat\n");
}

TEST_F(InstalledPackage, RunsAsItsUnitsDo) {
  if (!has_scratch_machines()) GTEST_SKIP() << "no overlay of this machine's files can be mounted here";
  const auto done = on_scratch_machine(R"(
    dpkg --install --force-depends --path-include='/usr/share/doc/mailboat/*' /mnt/mailboat.deb >/dev/null
    cp /usr/share/doc/mailboat/examples/producer.toml /etc/mailboat/
    cp /usr/share/doc/mailboat/examples/consumer.toml /etc/mailboat/consumer-shop.toml
    # The commands of the units, as their user. There is no database: both have to say so, and not that a file is wrong.
    unit() { sed -n 's/^ExecStart=//p' "/usr/lib/systemd/system/$1" | sed s/%i/shop/; }
    install -d -o mailboat /var/lib/mailboat
    as_mailboat() { timeout --signal TERM 5 setpriv --reuid mailboat --regid mailboat --clear-groups "$@" 2>&1 || true; }
    as_mailboat $(unit mailboat-producer.service)
    as_mailboat $(unit mailboat-consumer@.service)
    mailboat --version
  )");
  EXPECT_EQ(done.exit_code, 0) << done.errors << done.output;
  EXPECT_NE(done.output.find("cannot connect to PostgreSQL"), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("mailboat-consumer begins"), std::string::npos) << done.output;
}

/// The package on the scratch machine, with a PostgreSQL that knows its users by their names in the system,
/// as Debian's does, and stand-ins for systemd and for whoever edits files: editor() takes a free port,
/// edit() puts the settings of its standard input into a file.
constexpr auto stand_ins = R"sh(
dpkg --install --force-depends --path-include='/usr/share/doc/mailboat/*' /mnt/mailboat.deb >/dev/null
install -d -o postgres /run/postgresql /var/cluster
install -d -o mailboat -g mailboat -m 0750 /var/lib/mailboat
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
as_postgres() { runuser -u postgres -- "$@"; }
cd /var/cluster
as_postgres "$programs/initdb" --auth=peer /var/cluster >/dev/null
as_postgres "$programs/pg_ctl" --pgdata /var/cluster --log /var/cluster/log --wait start \
  --options '-k /run/postgresql -c listen_addresses=' >/dev/null
as_postgres createdb shop
as_postgres psql -qd shop -c "CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE order_items (id int PRIMARY KEY);
  INSERT INTO orders VALUES (1), (2)"
editor() { sed -i -e 's/^# listen = /listen = /' -e "s/:5657/:$PORT/" "$1"; }
edit() {
  while read -r line; do
    sed -i "/^\(# \)\?${line%% =*} = /d" "$1"
    sed -i "1i $line" "$1"
  done
}
stop() { if [ -e "/run/$1.pid" ]; then kill "$(cat "/run/$1.pid")"; wait "$(cat "/run/$1.pid")"; rm "/run/$1.pid"; fi; }
start() {
  command=$(sed -n 's/^ExecStart=//p' "/usr/lib/systemd/system/${1%@*}"*.service | sed "s/%i/${1#*@}/")
  umask=$(sed -n 's/^UMask=//p' "/usr/lib/systemd/system/${1%@*}"*.service)
  (umask "$umask"; exec setpriv --reuid mailboat --regid mailboat --init-groups $command) >>"/run/$1.log" 2>&1 &
  echo $! >"/run/$1.pid"
}
systemctl() {
  case "$1" in
    enable) [ "$2" != --now ] || start "$3" ;;
    restart) stop "$2"; start "$2" ;;
  esac
}
follows() {
  timeout 60 runuser -u postgres -- mailboat --postgres dbname=shop wait shop 2>&1 || cat /run/*.log
}
)sh";

/// The blocks of code in a section of one of our documents.
std::vector<CodeBlock> blocks_of(const std::string& document, const std::string& title) {
  for (const auto& section : sections_of(fs::path(MAILBOAT_SOURCE_DIR) / document)) {
    if (section.title == title) return section.blocks;
  }
  throw std::runtime_error(document + " has no section '" + title + "'");
}

/// Its commands, and its settings put into the files that they are of.
std::string typed(const std::vector<CodeBlock>& blocks) {
  std::string text;
  for (const auto& block : blocks) {
    const bool is_consumers = block.text.find("subscription = ") != std::string::npos;
    if (block.language == "sh") text += block.text;
    if (block.language == "toml")
      text += std::string("edit /etc/mailboat/") + (is_consumers ? "consumer-shop" : "producer") +
              ".toml <<END\n" + block.text + "END\n";
  }
  return text;
}

std::string with(std::string text, const std::string& words, const std::string& meaning) {
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + meaning.size()))
    text.replace(at, words.size(), meaning);
  return text;
}

// Both machines of docs/security.md are this one.
TEST_F(InstalledPackage, IsBroughtToWorkByWhatTheDocumentsSay) {
  if (!has_scratch_machines()) GTEST_SKIP() << "no overlay of this machine's files can be mounted here";
  if (!is_there("sqlite3")) GTEST_SKIP() << "the program sqlite3 is not installed";
  auto two_machines = blocks_of("docs/security.md", "Two machines");
  ASSERT_GT(two_machines.size(), 3U);
  two_machines.resize(3);  // the keys and the allow list; what follows runs without systemd
  auto secured = typed(two_machines) + typed(blocks_of("docs/security.md", "As services"));
  secured = with(secured, "THE PRODUCER'S PUBLIC KEY", "$(cat /etc/mailboat/producer.key.pub)");
  secured = with(with(secured, "192.0.2.1", "127.0.0.1"), ":5657", ":$PORT");
  const auto done =
      on_scratch_machine("PORT=" + std::to_string(free_port()) + '\n' + stand_ins + "cd /root\n{\n" +
                         typed(blocks_of("deploy/README.md", "Step by step")) +
                         "} >&2\nfollows\nstop mailboat-consumer@shop\n{\n" + secured + R"sh(} >&2
    as_postgres psql -qd shop -c 'INSERT INTO orders VALUES (3)'
    follows
    grep -o keys=true /run/mailboat-producer.log
    # Whoever is in the group reads, and changes nothing.
    useradd reader
    adduser --quiet reader mailboat
    as_reader() { runuser -u reader -- "$@"; }
    as_reader sqlite3 /var/lib/mailboat/shop.db 'SELECT count(*) FROM orders'
    as_reader sqlite3 /var/lib/mailboat/shop.db 'DELETE FROM orders' 2>&1 | grep -o 'readonly database'
    stop mailboat-consumer@shop
    as_reader sqlite3 'file:/var/lib/mailboat/shop.db?immutable=1' 'SELECT count(*) FROM orders'
    as_reader cat /etc/mailboat/consumer.key 2>&1 | grep -o 'Permission denied'
  )sh" + typed(blocks_of("docs/recovery.md", "Recovery")) +
                         "mailboat status | grep -o ^shop\n");
  EXPECT_EQ(done.exit_code, 0) << done.errors << done.output;
  const std::string follows =
      "the replica of subscription shop has everything that was committed when this command began\n";
  EXPECT_EQ(done.output, follows + follows + "keys=true\n3\nreadonly database\n3\nPermission denied\nshop\n")
      << done.errors;
}

TEST_F(InstalledPackage, IsThereAlthoughADaemonDoesNotComeBack) {
  if (!has_scratch_machines()) GTEST_SKIP() << "no overlay of this machine's files can be mounted here";
  const auto done = on_scratch_machine(R"(
    mkdir -p /run/systemd/system /usr/local/sbin
    printf '#!/bin/sh\n[ "$1" = daemon-reload ]\n' >/usr/local/sbin/systemctl
    chmod +x /usr/local/sbin/systemctl
    dpkg --install --force-depends --path-include='/usr/share/doc/mailboat/*' /mnt/mailboat.deb 2>&1 >/dev/null |
      grep '^mailboat:'
    dpkg-query --show --showformat='${db:Status-Status}\n' mailboat
    wants=/etc/systemd/system/multi-user.target.wants
    mkdir -p $wants
    ln -s /usr/lib/systemd/system/mailboat-producer.service $wants/
    ln -s /usr/lib/systemd/system/mailboat-consumer@.service $wants/mailboat-consumer@shop.service
    dpkg --remove --force-depends mailboat 2>&1 >/dev/null | grep '^mailboat:'
    dpkg --purge mailboat 2>&1 >/dev/null
    dpkg-query --show --showformat='${db:Status-Status}\n' mailboat 2>/dev/null || echo gone
    ls $wants | grep mailboat || true
  )");
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(done.output,
            "mailboat: a daemon has not started again; systemctl status 'mailboat-*' says which\n"
            "installed\n"
            "mailboat: a daemon could not be stopped; systemctl status 'mailboat-*' says which\n"
            "gone\n");
}

TEST_F(InstalledPackage, KeepsReplicasAndKeysWhenItIsPurged) {
  if (!has_scratch_machines()) GTEST_SKIP() << "no overlay of this machine's files can be mounted here";
  const auto done = on_scratch_machine(R"(
    dpkg --install --force-depends --path-include='/usr/share/doc/mailboat/*' /mnt/mailboat.deb >/dev/null
    mkdir /var/lib/mailboat
    touch /var/lib/mailboat/shop.db
    dpkg --purge mailboat 2>&1 >/dev/null | grep '^mailboat:'
    ls /var/lib/mailboat
    ls -d /etc/mailboat /usr/bin/mailboat* /usr/share/doc/mailboat /usr/lib/systemd/system/mailboat* 2>/dev/null || true
  )");
  EXPECT_EQ(done.exit_code, 0) << done.errors;
  EXPECT_EQ(done.output,
            "mailboat: /var/lib/mailboat is not empty and was kept\n"
            "shop.db\n");
}

}  // namespace
}  // namespace mailboat::test
