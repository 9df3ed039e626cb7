package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/tx"
)

// portsPerValidator is the number of ports that thetad testnet init-files uses per validator.
// rpcPort and grpcPort are the positions of those endpoints among them.
const portsPerValidator, rpcPort, grpcPort = 10, 1, 2

// ValidatorOptions describe which validators to start, without edge nodes.
type ValidatorOptions struct {
	// Dir contains all files. The folder of an earlier network is emptied.
	Dir string
	// Thetad is the binary of the validators. Hostile is the binary of the last one; if it is
	// empty, Thetad is used.
	Thetad, Hostile string
	// ChainID of the network.
	ChainID string
	// Count is the number of validators, which have equal stakes.
	Count int
	// BlockPause is the pause after each block.
	BlockPause time.Duration
	// Params change parameters of modules in the genesis, by module and name.
	Params map[string]map[string]any
	// Epoch is the time for which sortition weights are in use; 0 keeps the default.
	Epoch time.Duration
	// GasPrices are the gas prices that the validators require in their own mempools, such as
	// 2000000000atfuel. A validator without an entry requires the chain's lowest price.
	GasPrices []string
}

// StartValidators starts a chain of several validators and returns once it makes blocks. The
// first validator serves the connection. There are no edge nodes.
func StartValidators(ctx context.Context, opts ValidatorOptions) (*Devnet, error) {
	params.SetSDKDefaults()
	for _, path := range []*string{&opts.Dir, &opts.Thetad, &opts.Hostile} {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return nil, err
		}
		*path = absolute
	}
	d := &Devnet{
		opts: Options{ChainID: opts.ChainID}, dir: opts.Dir, spawn: newSpawner(),
		addresses: make(map[string]string), failures: make(chan error, 1),
	}
	if err := d.startValidators(ctx, opts); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

func (d *Devnet) startValidators(ctx context.Context, opts ValidatorOptions) error {
	if err := claimFolder(d.dir); err != nil {
		return err
	}
	base, err := freeBlock(opts.Count * portsPerValidator)
	if err != nil {
		return err
	}
	if err := d.run(ctx, "init", opts.Thetad, "testnet", "init-files", "--validators", strconv.Itoa(opts.Count),
		"--output-dir", d.dir, "--base-port", strconv.Itoa(base), "--chain-id", opts.ChainID, "--home", filepath.Join(d.dir, "scratch")); err != nil {
		return err
	}
	for i := range opts.Count {
		name, binary := validatorName(i), opts.Thetad
		if i == opts.Count-1 && opts.Hostile != "" {
			binary = opts.Hostile
		}
		if err := setTOML(filepath.Join(d.ValidatorHome(i), "config", "config.toml"),
			setting{"consensus", "timeout_commit", strconv.Quote(opts.BlockPause.String())}); err != nil {
			return err
		}
		if err := d.adapt(i, opts); err != nil {
			return err
		}
		if err := d.learn(i); err != nil {
			return err
		}
		if err := d.add(name, binary, "start", "--home", d.ValidatorHome(i)); err != nil {
			return err
		}
	}
	d.validatorPorts = base
	d.ports.grpc = net.JoinHostPort("127.0.0.1", strconv.Itoa(base+grpcPort))
	if d.conn, err = grpcnode.Dial(d.ports.grpc); err != nil {
		return err
	}
	return d.awaitHeight(ctx, 2)
}

// adapt gives a validator its gas price and the shared genesis.
func (d *Devnet) adapt(i int, opts ValidatorOptions) error {
	config := filepath.Join(d.ValidatorHome(i), "config")
	if i < len(opts.GasPrices) && opts.GasPrices[i] != "" {
		if err := setTOML(filepath.Join(config, "app.toml"), setting{"", "minimum-gas-prices", strconv.Quote(opts.GasPrices[i])}); err != nil {
			return err
		}
	}
	if opts.Params == nil && opts.Epoch == 0 {
		return nil
	}
	return editGenesis(filepath.Join(config, "genesis.json"), func(state object) error {
		for module, values := range opts.Params {
			if err := set(state, module, values); err != nil {
				return err
			}
		}
		if opts.Epoch == 0 {
			return nil
		}
		return setEpoch(state, opts.Epoch)
	})
}

// learn reads the address of a validator's key.
func (d *Devnet) learn(i int) error {
	raw, err := os.ReadFile(filepath.Join(d.ValidatorHome(i), "key_seed.json"))
	if err != nil {
		return err
	}
	var seed struct{ Address string }
	if err := json.Unmarshal(raw, &seed); err != nil {
		return err
	}
	d.addresses[validatorName(i)] = seed.Address
	return nil
}

// ValidatorHome returns the folder of a validator that StartValidators has started.
func (d *Devnet) ValidatorHome(i int) string { return filepath.Join(d.dir, validatorName(i)) }

// ValidatorRPC returns the CometBFT endpoint of that validator, host:port.
func (d *Devnet) ValidatorRPC(i int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.validatorPorts+i*portsPerValidator+rpcPort))
}

// ValidatorName returns the name of that validator's process, and of the key in its home.
func ValidatorName(i int) string { return validatorName(i) }

// ValidatorAddress returns the account of that validator.
func (d *Devnet) ValidatorAddress(i int) string { return d.addresses[validatorName(i)] }

// ValidatorSigner signs with that account's key.
func (d *Devnet) ValidatorSigner(i int) (tx.Signer, error) {
	keys, err := openKeys(d.ValidatorHome(i))
	if err != nil {
		return nil, err
	}
	return tx.NewKeyringSigner(keys, validatorName(i))
}

func validatorName(i int) string { return fmt.Sprintf("node%d", i) }
