#include "common/store/pool.h"

#include "common/base/assert.h"

namespace set {

Result<std::unique_ptr<ConnectionPool>> ConnectionPool::open(Connect connect, std::size_t most) {
  std::unique_ptr<ConnectionPool> pool(new ConnectionPool(std::move(connect), most));
  pool->idle_.push_back(TRY(pool->connect_()));
  return pool;
}

Result<std::unique_ptr<SqlConnection>> ConnectionPool::take() {
  {
    std::unique_lock lock(mutex_);
    SET_ASSERT(!takers_.contains(std::this_thread::get_id()));  // a transaction in a transaction
    given_back_.wait(lock, [&] { return takers_.size() < most_; });
    takers_.insert(std::this_thread::get_id());
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = connect_();  // takes its time, so without the lock
  if (!connection) give_back(nullptr);
  return connection;
}

void ConnectionPool::give_back(std::unique_ptr<SqlConnection> connection) {
  std::vector<std::unique_ptr<SqlConnection>> lost;  // closed after the lock is let go
  {
    const std::lock_guard lock(mutex_);
    takers_.erase(std::this_thread::get_id());
    if (connection && connection->is_alive()) {
      idle_.push_back(std::move(connection));
    } else if (connection) {
      lost.swap(idle_);
    }
  }
  given_back_.notify_one();
}

}  // namespace set
