#include "consumer/loss_report.hpp"

#include "common/log.hpp"
#include "consumer/type_loss.hpp"

namespace mailboat::consumer {

void LossReport::tell(const Relation& relation) {
  auto losses = describe_losses(relation.columns);
  auto& told = told_[relation.topic];
  if (losses == told) return;
  if (!losses.empty()) {
    log::info("SQLite cannot keep all that these columns say (docs/types.md)",
              {{"topic", relation.topic}, {"lost", losses}});
  }
  told = std::move(losses);
}

}  // namespace mailboat::consumer
