#include "common/key_file.hpp"

#include <climits>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class KeyFile : public testing::Test {
 protected:
  std::string refusal() const {
    try {
      read_key_file(path_);
    } catch (const ConfigurationError& error) {
      EXPECT_EQ(std::string(error.what()).find(pair_.secret_key), std::string::npos) << error.what();
      return error.what();
    }
    return "it was read";
  }
  void write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path_) << text;
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }

  std::set<std::string> names_in_folder() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      names.insert(entry.path().filename());
    return names;
  }

  const test::TempDir folder_{"keys"};
  const std::string path_ = (folder_.path() / "daemon.key").string();
  const KeyPair pair_ = make_key_pair();
};

TEST_F(KeyFile, KeepsTheSecretKeyForItsOwnerWhateverTheUmask) {
  const auto before = ::umask(0);
  write_key_files(path_, pair_, Overwrite::No);
  ::umask(before);
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(mode_of(path_ + ".pub"), 0644U);
  EXPECT_EQ(content_of(path_ + ".pub"), pair_.public_key + "\n");
  const auto read = read_key_file(path_);
  EXPECT_EQ(read.secret_key, pair_.secret_key);
  EXPECT_EQ(read.public_key, pair_.public_key);
}

TEST_F(KeyFile, IsNeverReplacedUnasked) {
  write_key_files(path_, pair_, Overwrite::No);
  EXPECT_THROW(write_key_files(path_, make_key_pair(), Overwrite::No), ConfigurationError);
  EXPECT_EQ(read_key_file(path_).secret_key, pair_.secret_key);
  std::filesystem::remove(path_);
  EXPECT_THROW(write_key_files(path_, make_key_pair(), Overwrite::No), ConfigurationError);
  EXPECT_FALSE(std::filesystem::exists(path_)) << "half a pair was written";

  const auto other = make_key_pair();
  write_key_files(path_, other, Overwrite::Yes);
  EXPECT_EQ(read_key_file(path_).secret_key, other.secret_key);
  EXPECT_EQ(content_of(path_ + ".pub"), other.public_key + "\n");
  EXPECT_EQ(mode_of(path_), 0600U);
}

TEST_F(KeyFile, IsReplacedWhateverAKilledKeygenHasLeft) {
  write_key_files(path_, pair_, Overwrite::No);
  for (const auto* left : {".new", ".pub.new"}) std::ofstream(path_ + left) << "half";
  const auto other = make_key_pair();
  write_key_files(path_, other, Overwrite::Yes);
  EXPECT_EQ(read_key_file(path_).secret_key, other.secret_key);
  EXPECT_EQ(content_of(path_ + ".pub"), other.public_key + "\n");
  EXPECT_EQ(names_in_folder(), (std::set<std::string>{"daemon.key", "daemon.key.pub"}));
}

TEST_F(KeyFile, ThatIsReplacedKeepsItsOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  write_key_files(path_, pair_, Overwrite::No);
  for (const auto* end : {"", ".pub"}) ASSERT_EQ(::chown((path_ + end).c_str(), 4321, 1234), 0);
  write_key_files(path_, make_key_pair(), Overwrite::Yes);
  for (const auto* end : {"", ".pub"}) {
    struct stat status {};
    ASSERT_EQ(::stat((path_ + end).c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 4321U) << end;
    EXPECT_EQ(status.st_gid, 1234U) << end;
  }
  EXPECT_EQ(mode_of(path_), 0600U);
}

TEST_F(KeyFile, StaysWhenThePublicOneCannotBeReplaced) {
  write_key_files(path_, pair_, Overwrite::No);
  std::filesystem::remove(path_ + ".pub");
  std::filesystem::create_directory(path_ + ".pub");
  EXPECT_THROW(write_key_files(path_, make_key_pair(), Overwrite::Yes), ConfigurationError);
  EXPECT_EQ(read_key_file(path_).secret_key, pair_.secret_key);
  EXPECT_EQ(names_in_folder(), (std::set<std::string>{"daemon.key", "daemon.key.pub"}));
}

TEST_F(KeyFile, IsNotLeftAloneWhenThePublicOneCannotBeMade) {
  const auto name = (folder_.path() / std::string(NAME_MAX - 2, 'k')).string();  // too long with .pub
  EXPECT_THROW(write_key_files(name, pair_, Overwrite::No), ConfigurationError);
  EXPECT_EQ(names_in_folder(), std::set<std::string>());
}

TEST_F(KeyFile, IsNotWrittenThroughALink) {
  const auto target = (folder_.path() / "somebody's file").string();
  std::filesystem::create_symlink(target, path_);
  EXPECT_THROW(write_key_files(path_, pair_, Overwrite::No), ConfigurationError);
  write_key_files(path_, pair_, Overwrite::Yes);
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST_F(KeyFile, ThatOthersHaveARightToIsRefusedWithModeAndCommand) {
  write_key_files(path_, pair_, Overwrite::No);
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U, 0666U}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    std::ostringstream octal;
    octal << "mode 0" << std::oct << mode;
    EXPECT_NE(refusal().find(octal.str()), std::string::npos) << refusal();
    EXPECT_NE(refusal().find("chmod 600 " + path_), std::string::npos) << refusal();
  }
  ASSERT_EQ(::chmod(path_.c_str(), 0400), 0);
  EXPECT_NO_THROW(read_key_file(path_));
}

TEST_F(KeyFile, WithoutASecretKeyIsRefusedWithoutShowingIt) {
  EXPECT_NE(refusal().find("No such file"), std::string::npos) << refusal();
  for (const std::string text : {"", "secret_key = 'short'", "secret_key = 7", "secret_key = ['a', 'b']"}) {
    write(text);
    EXPECT_NE(refusal().find(path_ + " holds no secret key"), std::string::npos) << refusal();
  }
  write("secret_key = \"" + pair_.secret_key.substr(0, 39) + "\"");
  EXPECT_NE(refusal().find("mailboat keygen"), std::string::npos) << refusal();
  write("secret_key = \"" + pair_.secret_key + "\"\nsecret_key = \"" + pair_.secret_key + "\"\n");
  EXPECT_NE(refusal().find(path_), std::string::npos) << refusal();
  write(pair_.secret_key);
  EXPECT_NE(refusal().find(path_), std::string::npos) << refusal();
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_NE(refusal().find("is not a file"), std::string::npos) << refusal();
}

TEST(CurveKey, IsFortyCharactersThatStandForThirtyTwoBytes) {
  const auto pair = make_key_pair();
  EXPECT_NE(pair.public_key, make_key_pair().public_key);
  EXPECT_EQ(pair_of(pair.secret_key).public_key, pair.public_key);
  EXPECT_NO_THROW(require_key(pair.public_key));
  // The last group of the third stands for more than 32 bits.
  for (const auto& text : {std::string(), pair.public_key.substr(1), pair.public_key + "0",
                           "\"" + pair.public_key.substr(1), std::string(40, '#')}) {
    EXPECT_THROW(require_key(text), InvalidInput) << text;
    EXPECT_THROW(pair_of(text), InvalidInput) << text;
  }
}

}  // namespace
}  // namespace mailboat
