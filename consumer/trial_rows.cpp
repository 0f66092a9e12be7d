#include "consumer/trial_rows.hpp"

#include "consumer/attempt.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {
namespace {

std::string hex_digits(const std::string& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string real_text(double number) {
  Value value;
  value.kind = Value::Kind::Real;
  value.real = number;
  return key_text({value});
}

StoredValue stored_value(const SQLite::Column& column) {
  switch (column.getType()) {
    case SQLITE_INTEGER:
      return {"integer", column.getString()};
    case SQLITE_FLOAT:
      return {"real", real_text(column.getDouble())};
    case SQLITE_TEXT:
      return {"text", column.getString()};
    case SQLITE_BLOB:
      return {"blob", hex_digits(column.getString())};
    default:
      return {"null", ""};
  }
}

void read_back(SQLite::Database& database, const TargetPlan& plan, WrittenTable& written) {
  SQLite::Statement row(database, "SELECT * FROM " + quote(plan.table) + " WHERE " + own_rows(plan));
  std::vector<int> shown;
  for (int i = 0; i < row.getColumnCount(); ++i) {
    if (lower_case(row.getColumnName(i)) == version_column) continue;
    shown.push_back(i);
    written.columns.emplace_back(row.getColumnName(i));
  }
  while (row.executeStep()) {
    auto& values = written.rows.emplace_back();
    for (const int i : shown) values.push_back(stored_value(row.getColumn(i)));
  }
}

class Trial {
 public:
  Trial(SQLite::Database& database, Target& target) : database_(database), target_(target) {
    written_.topic = target.plan().topic;
    written_.table = target.plan().table;
  }

  // `write` returns whether the filter has let it through.
  template <typename Write>
  void add(const Write& write) {
    ++written_.given;
    const auto refusal = attempt(database_, [&] {
      if (!write()) ++written_.left_out;
    });
    if (refusal) written_.refused.push_back("row " + std::to_string(written_.given) + ": " + refusal->reason);
  }

  WrittenTable result() {
    target_.release_statements();
    read_back(database_, target_.plan(), written_);
    return std::move(written_);
  }

 private:
  SQLite::Database& database_;
  Target& target_;
  WrittenTable written_;
};

bool apply_one(TargetWriter& writer, const Event& event, const char* end) {
  switch (event.op) {
    case Op::Insert:
    case Op::Update:
      return writer.upsert(event, end);
    case Op::Delete:
      writer.remove(event, end);
      return true;
    case Op::Truncate:
      writer.truncate(event.id);
      return true;
    case Op::Relation:
      break;
  }
  return true;
}

}  // namespace

WrittenTable load_rows(SQLite::Database& database, Target& target, const TextColumn& rows) {
  Trial trial(database, target);
  const auto* end = rows.texts().data() + rows.texts().size();
  rows.for_each([&](std::size_t, std::string_view row) {
    trial.add([&] {
      auto& writer = target.writer();
      writer.load(1, row, end);
      return writer.takes(row, end);
    });
  });
  return trial.result();
}

WrittenTable apply_events(SQLite::Database& database, Target& target, const EventBatch& events) {
  Trial trial(database, target);
  const auto& texts = events.payloads().texts();
  const auto* end = texts.data() + texts.size();
  events.for_each([&](const Event& event) {
    trial.add([&] {
      if (target.has_rows_of_source()) return apply_one(target.writer(), event, end);
      return target.history().append(event, end);
    });
  });
  return trial.result();
}

}  // namespace mailboat::consumer
