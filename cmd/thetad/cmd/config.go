package cmd

import (
	"fmt"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	dbm "github.com/cosmos/cosmos-db"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/cmd/thetad/watchdog"
)

const (
	// blockPause is how long a node waits after a block for the votes of slow validators.
	// Together with the rounds themselves, this makes blocks of one to two seconds. The SDK
	// takes CometBFT's default of exactly 1 s to mean "not set" and would write 5 s.
	blockPause = 990 * time.Millisecond
	// iavlCacheNodes is the cache size per store; the cache fills on demand. At some 250
	// bytes per tree node, the cache of a large tree (balances, accounts, nodes, jobs)
	// takes up to 0.5 GB. A random write to a tree that fits into the cache costs a fifth
	// of a write to one that does not.
	iavlCacheNodes = 2_000_000
	// snapshotBlocks is the number of blocks between two state-sync snapshots: about half
	// an hour.
	snapshotBlocks = 1_000
	// mempoolTxs is how many transactions CometBFT holds before it refuses all, including
	// those of nodes' duties: some seven times what the app's pool holds. Transactions that
	// the app's pool has dropped leave CometBFT's list with the next block, so filling the
	// rest takes more checks than a node makes between two blocks.
	mempoolTxs = 50_000
	// queryGas is the limit of one query in gas: the gas of a whole block. Queries that
	// walk all state, such as the invariants and count_total, end there on a node that
	// serves others. The node's owner can lift the limit (0 means no limit).
	queryGas = 100_000_000
	// metricsRetentionSeconds is how long an unchanged metric stays visible.
	metricsRetentionSeconds = 600
)

// minGasPrices is the price that a node asks unless its owner asks for more. The chain
// refuses transactions below this price anyway.
func minGasPrices() string {
	return fmt.Sprintf("%d%s", params.DefaultMinGasPrice, params.BaseDenom)
}

// cometConfig returns the config.toml of a new node.
func cometConfig() *cmtcfg.Config {
	config := cmtcfg.DefaultConfig()
	config.DBBackend = string(dbm.PebbleDBBackend)
	config.Consensus.TimeoutCommit = blockPause
	config.Mempool.Size = mempoolTxs
	config.Instrumentation.Prometheus = true
	config.Instrumentation.PrometheusListenAddr = "localhost:26660"
	return config
}

// appConfig returns the template and the values of a new node's app.toml. IAVL
// prunes in the background as long as iavl-sync-pruning is not set.
func appConfig() (string, any) {
	config := &nodeConfig{Config: *serverconfig.DefaultConfig(), Watchdog: watchdog.DefaultSettings()}
	config.MinGasPrices = minGasPrices()
	config.QueryGasLimit = queryGas
	config.AppDBBackend = string(dbm.PebbleDBBackend)
	config.IAVLCacheSize = iavlCacheNodes
	// Fast nodes speed up queries and cost every write a second one.
	config.IAVLDisableFastNode = true
	config.StateSync.SnapshotInterval = snapshotBlocks
	config.API.Enable = true
	config.API.Swagger = true
	//nolint:staticcheck // the only one that serves Prometheus without a collector
	metrics := &config.Telemetry
	metrics.Enabled = true
	metrics.ServiceName = "theta"
	metrics.PrometheusRetentionTime = metricsRetentionSeconds
	return serverconfig.DefaultConfigTemplate + watchdogTemplate, config
}
