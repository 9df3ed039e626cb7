package devnet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"google.golang.org/grpc"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/drand"
)

// Names of the processes that are not edge nodes.
const (
	Validator   = "validator"
	BeaconRelay = "beacon-relay"
	BlobRelay   = "relay"

	beaconSigner = "beacon-signer"
)

const (
	// pollEvery is the pause between two checks of a condition.
	pollEvery = 200 * time.Millisecond
	// startPatience is the longest time that a part of the network may need to start.
	startPatience = 90 * time.Second
)

// Node is one edge node of the devnet.
type Node struct {
	// Name is its moniker, and the name of its process and of its operator's key.
	Name string
	// Operator is the address of that key.
	Operator string
	// Lies reports whether the node alters what it computes.
	Lies bool

	home, api string
	// device is what executes its tensors; empty for the default.
	device string
}

// ports contains addresses of the form "host:port".
type ports struct{ rpc, grpc, rest, p2p, metrics, beacon, relay, faucet string }

// Devnet is a running network.
type Devnet struct {
	opts      Options
	dir       string
	ports     ports
	addresses map[string]string
	nodes     []Node
	spawn     *spawner
	processes []*process
	faucet    *http.Server
	conn      *grpc.ClientConn
	failures  chan error
	// lines are those of the nodes to the chain by their names; nil without Options.Lines.
	lines map[string]*line
	// validatorPorts is the first port of the validators of StartValidators.
	validatorPorts int
}

// Start starts a network. It returns when all nodes are registered and have weight in the
// current epoch. On failure it stops everything that it started.
func Start(ctx context.Context, opts Options) (*Devnet, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	params.SetSDKDefaults()
	d := &Devnet{
		opts: opts, dir: opts.Dir, spawn: newSpawner(),
		addresses: make(map[string]string), failures: make(chan error, 1),
	}
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

func (d *Devnet) start(ctx context.Context) error {
	if err := claimFolder(d.dir); err != nil {
		return err
	}
	if err := d.allocate(); err != nil {
		return err
	}
	if err := d.startChain(ctx); err != nil {
		return err
	}
	if err := d.startRelay(ctx); err != nil {
		return err
	}
	if err := d.startFaucet(); err != nil {
		return err
	}
	if err := d.openLines(); err != nil {
		return err
	}
	return d.startNodes(ctx)
}

// allocate assigns ports and names to all processes.
func (d *Devnet) allocate() error {
	const fixed = 8
	total := d.opts.Nodes + d.opts.Liars
	free, err := freePorts(fixed + total)
	if err != nil {
		return err
	}
	d.ports = ports{free[0], free[1], free[2], free[3], free[4], free[5], free[6], free[7]}
	for i := range total {
		lies := i >= d.opts.Nodes
		number := i
		if lies {
			number = i - d.opts.Nodes
		}
		name := nodeName(number, lies)
		node := Node{Name: name, Lies: lies, home: filepath.Join(d.dir, name), api: free[fixed+i]}
		if i < len(d.opts.Devices) {
			node.device = d.opts.Devices[i]
		}
		d.nodes = append(d.nodes, node)
	}
	return nil
}

// startChain starts the validator, the beacon signer and the relay of its rounds.
func (d *Devnet) startChain(ctx context.Context) error {
	d.say("writing the genesis of %s", d.opts.ChainID)
	keyFile := filepath.Join(d.dir, "beacon.json")
	key, err := drand.CreateKey(keyFile)
	if err != nil {
		return err
	}
	genesisTime := time.Now().Unix()
	if err := d.writeChain(ctx, key.Public().String(), genesisTime); err != nil {
		return err
	}
	thetad := d.opts.Thetad
	d.say("starting the validator and the beacon")
	if err := d.add(Validator, thetad, "start", "--home", d.home()); err != nil {
		return err
	}
	if err := d.add(beaconSigner, thetad, "beacon", "signer", "--key", keyFile, "--listen", d.ports.beacon, "--home", d.home(),
		"--period", strconv.Itoa(beaconPeriod)+"s", "--genesis-time", strconv.FormatInt(genesisTime, 10)); err != nil {
		return err
	}
	if d.conn, err = grpcnode.Dial(d.ports.grpc); err != nil {
		return err
	}
	if err := d.awaitHeight(ctx, 2); err != nil {
		return err
	}
	return d.add(BeaconRelay, thetad, "beacon", "relay", "--from", beaconKey, "--endpoint", "http://"+d.ports.beacon,
		"--home", d.home(), "--keyring-backend", "test", "--node", "tcp://"+d.ports.rpc, "--chain-id", d.opts.ChainID)
}

// Stop stops everything that was started, in reverse order. It is called once.
func (d *Devnet) Stop() error {
	var errs []error
	if d.faucet != nil {
		errs = append(errs, d.faucet.Close())
	}
	for _, p := range slices.Backward(d.processes) {
		if err := p.stop(); err != nil {
			errs = append(errs, err)
		}
	}
	for _, l := range d.lines {
		errs = append(errs, l.close())
	}
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	d.spawn.stop()
	return errors.Join(errs...)
}

// Failure returns a channel that delivers the first process that ended unexpectedly.
func (d *Devnet) Failure() <-chan error { return d.failures }

// Nodes returns the edge nodes, honest ones first.
func (d *Devnet) Nodes() []Node { return d.nodes }

// ChainID returns the chain id of the network.
func (d *Devnet) ChainID() string { return d.opts.ChainID }

// Conn returns a gRPC connection to the validator.
func (d *Devnet) Conn() *grpc.ClientConn { return d.conn }

// Home returns the folder of the validator, which contains the keyring of all keys.
func (d *Devnet) Home() string { return d.home() }

// RPC returns the validator's CometBFT endpoint.
func (d *Devnet) RPC() string { return "tcp://" + d.ports.rpc }

// GRPC returns the validator's gRPC endpoint, host:port.
func (d *Devnet) GRPC() string { return d.ports.grpc }

// REST returns the base URL of the validator's REST gateway.
func (d *Devnet) REST() string { return "http://" + d.ports.rest }

// Relay returns the base URL of the blob relay.
func (d *Devnet) Relay() string { return "http://" + d.ports.relay }

// Beacon returns the base URL of the beacon signer.
func (d *Devnet) Beacon() string { return "http://" + d.ports.beacon }

// Faucet returns the URL of the faucet.
func (d *Devnet) Faucet() string { return "http://" + d.ports.faucet + "/" }

func (d *Devnet) say(format string, args ...any) { fmt.Fprintf(d.opts.Log, format+"\n", args...) }

// Await polls until done returns true. An error counts as false; the last error is reported
// when patience is over. If a process fails, the wait ends.
func (d *Devnet) Await(ctx context.Context, patience time.Duration, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("waited %s for %s", patience, what))
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		ready, err := done()
		if ready && err == nil {
			return nil
		}
		select {
		case failure := <-d.failures:
			return failure
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}
