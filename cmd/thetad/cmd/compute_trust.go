package cmd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cometbft/cometbft/light/provider"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/proven"
)

const (
	flagTrustHeight = "trust-height"
	flagTrustHash   = "trust-hash"
	flagTrustPeriod = "trust-period"
	flagWitness     = "witness"
)

// trust holds the sources that a command trusts when it reads records with proofs.
type trust struct {
	height    int64
	hash      string
	period    time.Duration
	witnesses []string
}

func (t *trust) addFlags(cmd *cobra.Command) {
	cmd.Flags().Int64Var(&t.height, flagTrustHeight, 0, "height of a header that you trust")
	cmd.Flags().StringVar(&t.hash, flagTrustHash, "", "hash of that header, 64 hex digits, from a source other than the node")
	cmd.Flags().DurationVar(&t.period, flagTrustPeriod, proven.DefaultTrustPeriod, "highest age of that header; shorter than the chain's unbonding period")
	cmd.Flags().StringArrayVar(&t.witnesses, flagWitness, nil, "<host>:<port> of the RPC interface of another node that must show the same header; may be repeated")
}

// given reports whether any of the flags was set.
func (t *trust) given() bool { return t.height != 0 || t.hash != "" || len(t.witnesses) > 0 }

// reader connects to the node of --node, which it also returns, and to the witnesses.
func (t *trust) reader(ctx context.Context, clientCtx client.Context) (*proven.Reader, *proven.Endpoint, error) {
	if !t.given() {
		return nil, nil, fmt.Errorf("expected a header to trust in --%s and --%s, or the node of another operator in --%s, found neither", flagTrustHeight, flagTrustHash, flagWitness)
	}
	node, err := proven.Dial(ctx, clientCtx.NodeURI)
	if err != nil {
		return nil, nil, err
	}
	if clientCtx.ChainID != "" && clientCtx.ChainID != node.ChainID {
		return nil, nil, fmt.Errorf("expected a node of chain %s, found a node of chain %s; change --node or --chain-id", clientCtx.ChainID, node.ChainID)
	}
	witnesses := make([]provider.Provider, len(t.witnesses))
	for i, address := range t.witnesses {
		witness, err := proven.Dial(ctx, address)
		if err != nil {
			return nil, nil, fmt.Errorf("witness: %w", err)
		}
		witnesses[i] = witness.Provider()
	}
	headers, err := t.headers(ctx, node.Provider(), witnesses)
	if err != nil {
		return nil, nil, err
	}
	return proven.NewReader(node, headers), node, nil
}

// overtaken proves that the earlier transactions of a key can never run, before the key signs
// another sequence.
func (t *trust) overtaken(ctx context.Context, clientCtx client.Context) (func(context.Context, requester.Overtaking) error, error) {
	reader, node, err := t.reader(ctx, clientCtx)
	if err != nil {
		return nil, err
	}
	return requester.ProvenBy(proven.Search{Reader: reader, Bodies: node, Results: node}), nil
}

func (t *trust) headers(ctx context.Context, node provider.Provider, witnesses []provider.Provider) (proven.Headers, error) {
	if t.height == 0 && t.hash == "" {
		return proven.FromNodes(append([]provider.Provider{node}, witnesses...))
	}
	hash, err := hex.DecodeString(t.hash)
	if err != nil || len(hash) != 32 || t.height <= 0 {
		return nil, fmt.Errorf("expected a height in --%s and 64 hex digits in --%s, found %d and %q", flagTrustHeight, flagTrustHash, t.height, t.hash)
	}
	return proven.FromRoot(ctx, proven.Root{Height: t.height, Hash: hash, Period: t.period}, node, witnesses, time.Now)
}

// printProof describes what a record was proven against.
func printProof(out io.Writer, record *proven.Record, grounds string) {
	header := record.Header
	fmt.Fprintf(out, "Proven for chain %s after block %d, by %d bytes of store %q under key %X\n",
		header.ChainID, record.Height, len(record.Value), record.Store, record.Key)
	fmt.Fprintf(out, "against app hash %X in header %X at height %d of %s (%s ago),\n",
		header.AppHash.Bytes(), header.Hash().Bytes(), header.Height, header.Time.UTC().Format(time.DateTime+" MST"),
		time.Since(header.Time).Round(time.Second))
	fmt.Fprintf(out, "which is %s.\n", grounds)
}

// errAbsent means that the absence of the record is proven.
var errAbsent = errors.New("the record does not exist")
