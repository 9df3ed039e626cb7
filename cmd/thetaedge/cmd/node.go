package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/clock"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/update"
)

// trustedFile is the file in the home that keeps the last trusted header.
const trustedFile = "trusted-header.json"

// node is a home with its settings, worker key and connection to the chain.
type node struct {
	home   string
	config config.Config
	// tensorBytes is the largest memory of a program's tensors on what executes them; 0 until that
	// is known.
	tensorBytes uint64
	// dashboard is the address of the dashboard; empty until it is served.
	dashboard string
	codec     chain.Codec
	ring      keyring.Keyring
	worker    tx.Signer
	// workerName is the name of that key in the keyring.
	workerName string
	// conn asks the nodes of chain.grpc and chain.others.
	conn *grpcnode.Endpoints
	// witnesses are other nodes that must show the same headers.
	witnesses []*grpc.ClientConn
	reader    *chain.Reader
	// clock is the time of the daemon, and links are its connections to nodes.
	clock *clock.Clock
	links *grpcnode.Links
	// bound is the chain for which the journal of the home has worked; empty if that is not known.
	bound string
	// switched tells when another node is asked.
	switched switchTeller
	// cards watches the graphics cards and measures energy; nil in commands that do not work.
	cards *cards
	// updates keeps the program up to date; nil in commands that do not work. restart says whether the
	// daemon begins anew.
	updates *update.Updater
	restart restart
	// flags are those of the command, which take precedence over the file also when it is read again.
	flags   *pflag.FlagSet
	reloads reloads
}

// openNode loads a home that thetaedge init has created.
func openNode(command *cobra.Command) (*node, error) {
	n, err := openSettings(command)
	if err != nil {
		return nil, err
	}
	return n, n.open(command)
}

// openSettings reads only the settings of a home.
func openSettings(command *cobra.Command) (*node, error) {
	home, err := homeOf(command)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(filepath.Join(home, config.FileName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("expected a home at %s, found none; run thetaedge init --home %s", home, client.ShellQuote(home))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look into the home %s: %w", home, osfault.Explain(home, err))
	}
	n := &node{home: home, flags: command.Flags(), clock: clock.New(), links: &grpcnode.Links{}}
	n.config, err = config.Load(home, command.Flags(), os.Environ())
	return n, err
}

// open reads the worker key and opens the connection to the chain.
func (n *node) open(command *cobra.Command) (err error) {
	if n.codec, err = chain.NewCodec(); err != nil {
		return err
	}
	ring, err := chain.OpenKeyring(chain.KeyringConfig{
		Dir: n.home, Backend: n.config.Keyring.Backend, PassphraseFile: n.config.Keyring.PassphraseFile, Input: command.InOrStdin(),
	}, n.codec)
	if err != nil {
		return err
	}
	n.ring = ring
	name, err := chain.WorkerName(n.home)
	if err != nil {
		return err
	}
	n.workerName = name
	n.worker, err = chain.NewSigner(ring, name)
	if errors.Is(err, chain.ErrNoKey) {
		return fmt.Errorf("%w; restore the keyring of this home, or create another home with thetaedge init --home and move the node to it with thetaedge register --rotate", err)
	}
	if err != nil {
		return fmt.Errorf("the worker key in %s: %w", n.home, err)
	}
	if n.conn, err = n.dialAll(); err != nil {
		return err
	}
	n.reader = chain.NewReader(n.conn, n.codec)
	return nil
}

// dialAll opens connections to all nodes that may be asked.
func (n *node) dialAll() (*grpcnode.Endpoints, error) {
	settings := n.config.Chain
	for i, endpoint := range settings.Endpoints() {
		if err := chain.CheckPlaintext(endpoint); err != nil && !settings.InsecurePlaintext {
			return nil, fmt.Errorf("%s: %w", []string{"chain.grpc", "chain.others"}[min(i, 1)], err)
		}
	}
	conn, err := grpcnode.OpenEndpoints(settings.Endpoints(), grpcnode.EndpointOptions{
		Plaintext: settings.InsecurePlaintext, Unproven: chain.Verify(settings.Verify) == chain.VerifyNone, Links: n.links,
		Switched: func(from, to, why string) { n.switched.tell(from, to, why) },
	})
	if err != nil {
		return nil, fmt.Errorf("chain.grpc, chain.others: %w", err)
	}
	return conn, nil
}

// dial opens a connection to a node with the security that the settings allow.
func (n *node) dial(endpoint string) (*grpc.ClientConn, error) {
	if n.config.Chain.InsecurePlaintext {
		return n.links.DialPlaintext(endpoint)
	}
	if err := chain.CheckPlaintext(endpoint); err != nil {
		return nil, err
	}
	return n.links.Dial(endpoint)
}

func (n *node) close() error {
	var errs []error
	for _, conn := range n.witnesses {
		errs = append(errs, conn.Close())
	}
	if n.conn != nil {
		errs = append(errs, n.conn.Close())
	}
	return errors.Join(errs...)
}

// prover returns what proves the answers of the node in chain.grpc; nil if the owner trusts
// the node.
func (n *node) prover(chainID string) (*chain.Prover, error) {
	settings := n.config.Chain
	if chain.Verify(settings.Verify) == chain.VerifyNone {
		return nil, nil
	}
	hash, err := settings.Trust()
	if err != nil {
		return nil, err
	}
	if settings.RPC != "" && !settings.InsecurePlaintext {
		if err := chain.CheckPlaintext(settings.RPC); err != nil {
			return nil, fmt.Errorf("chain.rpc: %w", err)
		}
	}
	cfg := chain.ProverConfig{
		ChainID: chainID, Verify: chain.Verify(settings.Verify), Conn: n.conn, RPC: settings.RPC,
		Root: proven.Root{Height: settings.TrustHeight, Hash: hash, Period: settings.TrustPeriod},
		File: filepath.Join(n.home, trustedFile), Now: n.clock.Now, Confirm: n.clock.Confirm,
	}
	for _, endpoint := range settings.Witnesses {
		conn, err := n.dial(endpoint)
		if err != nil {
			return nil, fmt.Errorf("chain.witnesses: %w", err)
		}
		n.witnesses = append(n.witnesses, conn)
		cfg.Witnesses = append(cfg.Witnesses, conn)
	}
	return chain.NewProver(cfg), nil
}

// checkOperator compares an operator with the operator that the home works for, if that one
// is known.
func (n *node) checkOperator(operator sdk.AccAddress) error {
	owner, err := n.config.Chain.OperatorAddress()
	if err != nil || len(owner) == 0 || owner.Equals(operator) {
		return err
	}
	return fmt.Errorf("expected %s, the operator that the home %s works for (chain.operator), found %s; each operator needs a home of its own",
		owner, n.home, operator)
}

// wrongChain reports whether all nodes that answer are of another chain than the settings say.
func (n *node) wrongChain(found string) bool {
	want := n.config.Chain.ID
	return found != "" && want != "" && want != found
}

func (n *node) txConfig(chainID string, spending chain.Spending) (chain.TxConfig, error) {
	gasPrice, tx, day, err := n.config.Fees.Caps()
	return chain.TxConfig{
		Caps: chain.FeeCaps{GasPrice: gasPrice, Tx: tx, Day: day, DutyBps: n.config.Fees.DutyBps(), UrgentBps: n.config.Fees.UrgentBps()}, Spending: spending,
		ChainID: chainID, GasAdjustment: n.config.Tx.GasAdjustment,
		GasPriceFactor: n.config.Tx.GasPriceFactor, TimeoutBlocks: n.config.Tx.TimeoutBlocks,
		PollInterval: max(n.config.Chain.Poll/2, minTxPoll), Now: n.clock.Now,
	}, err
}
