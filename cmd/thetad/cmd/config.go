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
	// blockPause is the wait after a block for the votes of slow validators; with
	// the rounds' own time it makes blocks of one to two seconds. The SDK takes
	// CometBFT's default of exactly 1 s for "not set" and would write 5 s.
	blockPause = 990 * time.Millisecond
	// iavlCacheNodes is per store and filled on demand: at some 250 bytes a node,
	// a large tree (balances, accounts, nodes, jobs) takes up to 0.5 GB, and a
	// random write to a tree that fits costs a fifth of one that does not.
	iavlCacheNodes = 2_000_000
	// snapshotBlocks is how often a state-sync snapshot is taken: every half hour.
	snapshotBlocks = 1_000
	// mempoolTxs is what CometBFT holds before it refuses all, duties too: some seven times
	// what the app's pool holds. What that has dropped leaves CometBFT's list with the next
	// block, so that filling the rest takes more checks than a node makes between two.
	mempoolTxs = 50_000
	// queryGas is what one query may read, in gas: as much as a whole block. What walks all
	// state, as the invariants and count_total do, ends there on a node that serves others;
	// its owner may lift it (0 is no limit).
	queryGas = 100_000_000
	// metricsRetentionSeconds is how long an unchanged metric stays visible.
	metricsRetentionSeconds = 600
)

// minGasPrices is what a node asks unless its owner asks for more: the price
// below which the chain refuses a tx anyway.
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
