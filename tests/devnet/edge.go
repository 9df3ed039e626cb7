package devnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/tests/devnet/faucet"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// class is the hardware class of the devnet's nodes.
	class = "cpu-small"
	// faucetTfuel is the amount that the faucet pays at a time, and faucetTimes is how often
	// it pays.
	faucetTfuel, faucetTimes = 100, 5
	// parallelSetups is the number of nodes that register at once.
	parallelSetups = 3
)

// startRelay starts the store of inputs and results.
func (d *Devnet) startRelay(ctx context.Context) error {
	d.say("starting the relay, the faucet and %d edge nodes", len(d.nodes))
	if err := d.add(BlobRelay, d.opts.binary("thetaedge"), "relay", "--listen", d.ports.relay, "--dir", filepath.Join(d.dir, "blobs"),
		"--node", d.ports.grpc,
		// All nodes share one address here.
		"--client-rate", "0", "--client-percent", "100", "--box-client-percent", "100"); err != nil {
		return err
	}
	return d.Await(ctx, startPatience, "the relay", func() (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Relay()+"/healthz", nil)
		if err != nil {
			return false, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, err
		}
		return answer.StatusCode == http.StatusOK, answer.Body.Close()
	})
}

// startFaucet serves coins from this process.
func (d *Devnet) startFaucet() error {
	signer, err := d.Signer(faucetKey)
	if err != nil {
		return err
	}
	amount := params.TfuelCoin(faucetTfuel)
	pay := func(ctx context.Context, to sdk.AccAddress) (string, error) {
		c, err := d.Client(ctx)
		if err != nil {
			return "", err
		}
		response, err := c.Execute(ctx, signer, banktypes.NewMsgSend(signer.Address(), to, sdk.NewCoins(amount)))
		if err != nil {
			return "", err
		}
		return response.TxHash, nil
	}
	listener, err := net.Listen("tcp", d.ports.faucet)
	if err != nil {
		return err
	}
	d.faucet = &http.Server{Handler: faucet.New(pay, amount, faucetTimes), ReadTimeout: 10 * time.Second}
	go func() { _ = d.faucet.Serve(listener) }()
	return nil
}

// startNodes registers and starts the edge nodes and waits until they have weight.
func (d *Devnet) startNodes(ctx context.Context) error {
	if err := d.setUpNodes(ctx); err != nil {
		return err
	}
	for _, node := range d.nodes {
		if err := d.startNode(node); err != nil {
			return fmt.Errorf("%s: %w", node.Name, err)
		}
	}
	d.say("waiting for the epoch in which the nodes weigh")
	want := uint64(len(d.nodes))
	return d.Await(ctx, startPatience, "the nodes' epoch", func() (bool, error) {
		live, err := d.LiveNodes(ctx)
		return live >= want, err
	})
}

// LiveNodes returns how many nodes of the class have weight in this epoch.
func (d *Devnet) LiveNodes(ctx context.Context) (uint64, error) {
	answer, err := edgenodetypes.NewQueryClient(d.conn).Class(ctx, &edgenodetypes.QueryClassRequest{Class: class})
	if err != nil {
		return 0, err
	}
	return answer.Snapshot.Nodes, nil
}

// setUpNodes registers the nodes, several at once, because registration mostly waits for
// blocks.
func (d *Devnet) setUpNodes(ctx context.Context) error {
	errs := make([]error, len(d.nodes))
	free := make(chan struct{}, parallelSetups)
	var setups sync.WaitGroup
	for i, node := range d.nodes {
		setups.Go(func() {
			free <- struct{}{}
			if err := d.setUpNode(ctx, node); err != nil {
				errs[i] = fmt.Errorf("%s: %w", node.Name, err)
			}
			<-free
		})
	}
	setups.Wait()
	return errors.Join(errs...)
}

// setUpNode prepares a node's home and registers it.
func (d *Devnet) setUpNode(ctx context.Context, node Node) error {
	thetaedge := d.opts.binary("thetaedge")
	setup := node.Name + "-setup"
	if err := d.run(ctx, setup, thetaedge, "init", "--home", node.home); err != nil {
		return err
	}
	if err := d.configure(node); err != nil {
		return err
	}
	bond := params.TfuelCoin(d.opts.Bond)
	return d.run(ctx, setup, thetaedge, "register", "--home", node.home, "--from", node.Name,
		"--keyring-dir", d.home(), "--keyring-backend", "test", "--moniker", node.Name, "--class", class,
		"--bond", bond.String(), "--region", "de", "--yes")
}

func (d *Devnet) startNode(node Node) error {
	if node.Lies {
		return d.add(node.Name, d.opts.Liar, "--home", node.home)
	}
	return d.add(node.Name, d.opts.binary("thetaedge"), "start", "--home", node.home)
}

func (d *Devnet) configure(node Node) error {
	quote := strconv.Quote
	endpoints := []string{d.chainOf(node)}
	if d.opts.Endpoints != nil {
		var err error
		if endpoints, err = d.opts.Endpoints(node.Name, d.chainOf(node)); err != nil {
			return err
		}
	}
	settings := []setting{
		{"chain", "grpc", quote(endpoints[0])},
		{"chain", "others", fmt.Sprintf("[%s]", strings.Join(quoted(endpoints[1:]), ", "))},
		{"chain", "id", quote(d.opts.ChainID)},
		{"chain", "poll", quote("200ms")},
		{"policy", "max-jobs", strconv.Itoa(d.opts.Slots)},
		{"work", "refuse-private", "false"},
		{"egress", "hosts", `["127.0.0.1:*"]`},
		{"work", "drain-timeout", quote("5s")},
		// The validators of the network are on the same machine.
		{"work", "priority", quote("normal")},
		{"api", "grpc", quote("127.0.0.1:0")},
		{"api", "http", quote(node.api)},
	}
	if node.device != "" {
		settings = append(settings, setting{"tensors", "device", quote(node.device)})
	}
	if d.opts.Engine != "" {
		settings = append(settings, setting{"container", "enabled", "true"}, setting{"container", "socket", quote(d.opts.Engine)})
	}
	if len(d.opts.Processes) > 0 {
		// Quotes of Go and of TOML are the same for names of programs.
		settings = append(settings, setting{"owner", "processes", fmt.Sprintf("[%s]", strings.ReplaceAll(strings.Join(quoted(d.opts.Processes), ", "), NodePlaceholder, node.Name))})
	}
	if rate := d.opts.FuelPerBlock; rate > 0 {
		settings = append(settings, setting{"policy", "fuel-per-block", strconv.FormatUint(rate, 10)})
	}
	return setTOML(filepath.Join(node.home, "config.toml"), settings...)
}

func quoted(texts []string) []string {
	var list []string
	for _, text := range texts {
		list = append(list, strconv.Quote(text))
	}
	return list
}

// Run starts a job file with the devnet's relay and follows it to its end.
func (d *Devnet) Run(ctx context.Context, key, jobFile, out string, progress func(client.Progress)) (*Run, error) {
	run := &Run{Started: time.Now(), Dir: out}
	job, err := jobfile.Load(jobFile)
	if err != nil {
		return nil, err
	}
	job.Relay = d.Relay()
	signer, err := d.Signer(key)
	if err != nil {
		return nil, err
	}
	c, err := d.Client(ctx)
	if err != nil {
		return nil, err
	}
	packed, err := client.Pack(job)
	if err != nil {
		return nil, err
	}
	if run.Quote, err = c.Quote(ctx, signer, packed.Spec); err != nil {
		return nil, err
	}
	if err := run.Quote.Err(); err != nil {
		return nil, err
	}
	if err := packed.Upload(ctx); err != nil {
		return nil, err
	}
	if run.State, err = c.NewState(packed); err != nil {
		return nil, err
	}
	save := func(state *client.State) error { return state.Save(out) }
	if err := c.Post(ctx, signer, run.State, run.Quote.Posting, save); err != nil {
		return nil, err
	}
	if run.Settlement, err = c.Watch(ctx, run.State.JobID, progress); err != nil {
		return nil, err
	}
	run.Took = time.Since(run.Started)
	if run.Settlement.Accepted() {
		run.Result, err = c.Fetch(ctx, run.State, run.Settlement, out)
	}
	return run, err
}

// Run is a job from its file to its result.
type Run struct {
	Quote      *client.Quote
	State      *client.State
	Settlement *client.Settlement
	// Result is nil unless a result was accepted.
	Result  *client.Result
	Dir     string
	Started time.Time
	Took    time.Duration
}

// Home returns the node's folder.
func (n Node) Home() string { return n.home }

// API returns the base URL of the HTTP API of the node's daemon.
func (n Node) API() string { return "http://" + n.api }
