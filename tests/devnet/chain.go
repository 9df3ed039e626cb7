package devnet

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
)

const (
	// beaconPeriod is in seconds. It is the shortest that drand's format supports.
	beaconPeriod = 1
	// defaultBond is the bond of a node in whole tfuel. A node that lies has the same, so that
	// a draw finds it as often as any other.
	defaultBond = 60
	// bondPerSlot is in whole tfuel; defaultSlots is the number of programs that a node runs at
	// once.
	bondPerSlot, defaultSlots = 10, 2
)

// home returns the validator's folder, which contains the keyring of all devnet keys.
func (d *Devnet) home() string { return filepath.Join(d.dir, "thetad") }

// writeChain writes the validator's files with fast blocks and small windows.
func (d *Devnet) writeChain(ctx context.Context, publicKey string, beaconStart int64) error {
	thetad := d.opts.Thetad
	genesis := filepath.Join(d.home(), "config", "genesis.json")
	if err := d.run(ctx, "init", thetad, "init", "devnet", "--chain-id", d.opts.ChainID, "--home", d.home()); err != nil {
		return err
	}
	if err := d.writeConfig(); err != nil {
		return err
	}
	accounts, err := d.makeKeys()
	if err != nil {
		return err
	}
	if err := editGenesis(genesis, func(state object) error { return d.tune(state, publicKey, beaconStart) }); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"genesis", "bulk-add-genesis-account", accounts},
		{"genesis", "gentx", ValidatorKey, params.TfuelCoin(500_000).String(), "--chain-id", d.opts.ChainID, "--keyring-backend", "test"},
		{"genesis", "collect-gentxs"},
		{"genesis", "validate"},
	} {
		if err := d.run(ctx, "init", thetad, append(args, "--home", d.home())...); err != nil {
			return err
		}
	}
	return nil
}

func (d *Devnet) writeConfig() error {
	config := filepath.Join(d.home(), "config")
	quote := strconv.Quote
	if err := setTOML(filepath.Join(config, "config.toml"),
		setting{"rpc", "laddr", quote("tcp://" + d.ports.rpc)},
		setting{"rpc", "pprof_laddr", quote("")},
		setting{"p2p", "laddr", quote("tcp://" + d.ports.p2p)},
		setting{"consensus", "timeout_commit", quote(d.opts.BlockPause.String())},
		setting{"instrumentation", "prometheus_listen_addr", quote(d.ports.metrics)},
	); err != nil {
		return err
	}
	if err := setTOML(filepath.Join(config, "app.toml"),
		setting{"api", "address", quote("tcp://" + d.ports.rest)},
		setting{"grpc", "address", quote(d.ports.grpc)},
	); err != nil {
		return err
	}
	return setTOML(filepath.Join(config, "client.toml"),
		setting{"", "chain-id", quote(d.opts.ChainID)},
		setting{"", "keyring-backend", quote("test")},
		setting{"", "node", quote("tcp://" + d.ports.rpc)},
	)
}

// tune changes a genesis to windows of minutes instead of days.
func (d *Devnet) tune(state object, publicKey string, beaconStart int64) error {
	const blocks = "40" // about half a minute, which is enough to restart a process
	cpuSmall := object{"id": "cpu-small", "minimum": object{"cpu_cores": 1, "memory_bytes": "536870912", "gpus": 0, "gpu_memory_bytes": "0", "model": ""}}
	for module, values := range map[string]object{
		"beacon": {
			"public_key":     publicKey,
			"period_seconds": strconv.Itoa(beaconPeriod),
			"genesis_time":   strconv.FormatInt(beaconStart, 10),
		},
		"edgenode": {
			"min_bond":         params.Tfuel(10).String(),
			"bond_per_slot":    params.Tfuel(bondPerSlot).String(),
			"unbonding_blocks": "600",
			"classes":          []any{cpuSmall},
		},
		"compute": {
			"claim_blocks":  "3",
			"max_draws":     2,
			"reveal_blocks": blocks,
			// Three nodes serve a quorum of three, and none is left to audit it.
			"spare_nodes": 0, "audit_floor_bps": 0,
			// Networks with strangers decide this by a proposal.
			"deterministic_executors": []any{"wasm/1", "tensor/1"},
		},
		"rewards": {"fold_blocks": "10"},
		"gov":     {"voting_period": "60s", "expedited_voting_period": "30s"},
	} {
		if err := set(state, module, values); err != nil {
			return err
		}
	}
	if d.opts.Nodes+d.opts.Liars < nodesOfAJury {
		// Half of the judges that real networks ask for do not exist here. One judge is left.
		if err := set(state, "compute", object{"escalation": []any{1}}); err != nil {
			return err
		}
	}
	for module, values := range d.opts.Params {
		if err := set(state, module, values); err != nil {
			return err
		}
	}
	return setEpoch(state, d.opts.Epoch)
}

// nodesOfAJury is the number of nodes that a quorum of three and half of the default's first
// jury need. With fewer, there would be no verdict on results that differ.
const nodesOfAJury = 7

func setEpoch(state object, length time.Duration) error {
	epochs, _ := state["epochs"].(object)
	list, _ := epochs["epochs"].([]any)
	for _, entry := range list {
		if epoch, ok := entry.(object); ok && epoch["identifier"] == "edge" {
			epoch["duration"] = fmt.Sprintf("%ds", int(length.Seconds()))
			return nil
		}
	}
	return fmt.Errorf("expected the edge epoch in the genesis, found %d others", len(list))
}

// Client returns a client of the chain.
func (d *Devnet) Client(ctx context.Context) (*client.Client, error) {
	c, err := client.New(ctx, d.conn)
	if err != nil {
		return nil, err
	}
	return c.With(client.Terms{Overtaken: client.BelieveNode}), nil
}

// awaitHeight waits until the chain has at least this many blocks.
func (d *Devnet) awaitHeight(ctx context.Context, height int64) error {
	return d.Await(ctx, startPatience, fmt.Sprintf("block %d", height), func() (bool, error) {
		c, err := d.Client(ctx)
		if err != nil {
			return false, err
		}
		now, err := c.Height(ctx)
		return now >= height, err
	})
}
