#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <sstream>
#include <string>
#include <unistd.h>

#include "tests/support/process.hpp"
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
        "./usr/share/bash-completion/completions/mailboat\n", "/docs/operations.md\n", "/README.md\n"})
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

TEST_F(Package, DependsOnTheLibrariesItUses) {
  const auto depends = run({"dpkg-deb", "--field", file_, "Depends"}).output;
  for (const auto* library : {"libpqxx", "libzmq5", "libprotobuf", "libsqlite3-0", "libsystemd0", "adduser"})
    EXPECT_NE(depends.find(library), std::string::npos) << depends;
}

/// A copy of this machine's files that is gone afterwards; what is written there stays there.
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
    return run({"unshare", "--mount", "--propagation", "private", "sh", "-c", on_a_scratch_machine}, options,
               std::chrono::minutes(2));
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
