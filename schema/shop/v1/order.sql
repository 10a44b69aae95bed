-- name: RankCustomers(RankCustomersRequest) returns many CustomerRank
-- Customers by what they ordered and did not call off, those who ordered most first.
SELECT o.customer_id, c.name, count(*) AS orders, sum(o.total) AS revenue
FROM orders o
JOIN customers c ON c.id = o.customer_id
WHERE o.status <> 'ORDER_STATUS_CANCELLED' AND o.placed_at >= :since AND {scope o}
GROUP BY o.customer_id, c.name
ORDER BY revenue DESC, o.customer_id
LIMIT :size;
