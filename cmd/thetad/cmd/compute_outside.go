package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/thetaedge/theta/blob"
	requester "github.com/thetaedge/theta/client"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// packSpec reads a spec in JSON, in the form that thetad tx compute post-job takes.
func (r *computeRun) packSpec(path string) (*requester.Packed, error) {
	if len(r.inputs) > 0 {
		return nil, fmt.Errorf("expected --input only with a job file, found the spec %s, which names its inputs itself; leave --input out", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var spec computetypes.JobSpec
	if err := r.signing.ctx.Codec.UnmarshalJSON(raw, &spec); err != nil {
		return nil, fmt.Errorf("%s: expected the spec of a job in JSON: %w", path, err)
	}
	var token blob.Token
	if r.tokenFile != "" {
		text, err := os.ReadFile(r.tokenFile)
		if err != nil {
			return nil, err
		}
		token = blob.Token(strings.TrimSpace(string(text)))
	}
	return requester.PackSpec(spec, r.relay, token)
}

// printUnsigned saves the key to the results first and then prints the transaction.
func (r *computeRun) printUnsigned(ctx context.Context, state *requester.State, cost requester.Cost) error {
	msg, err := state.Entrust(r.signing.signer.Address())
	if err != nil {
		return err
	}
	raw, err := r.signing.encode(ctx, r.client, msg, cost)
	if err != nil {
		return err
	}
	if err := r.save(state); err != nil {
		return fmt.Errorf("cannot save the key to the results: %w; no transaction was made", err)
	}
	if err := r.signing.printTx(raw); err != nil {
		return err
	}
	fmt.Fprintf(r.print.out, "The key to the results is in %s. When the transaction has been sent, run: %s\n", requester.ShellQuote(r.out), r.again())
	return nil
}

// printOffline makes the transaction without a request to the chain or the relay.
func (r *computeRun) printOffline(ctx context.Context, packed *requester.Packed) error {
	if packed.AutoChunk {
		return errors.New("offline: expected the number of tasks of a chunk in chunk, such as chunk: 100, because no node is asked what its class can do")
	}
	cost, err := r.client.CostOffline()
	if err != nil {
		return err
	}
	state, err := r.client.NewState(packed)
	if err != nil {
		return err
	}
	if err := r.printUnsigned(ctx, state, cost); err != nil {
		return err
	}
	if packed.UploadBytes() > 0 {
		fmt.Fprintf(r.print.out, "The relay does not have the job's files yet. Before you send the transaction, upload them with: thetad compute run JOB.yaml --resume --out %s\n", requester.ShellQuote(r.out))
	}
	return nil
}

// uploadAgain uploads the files of a job to its relay once more.
func (r *computeRun) uploadAgain(ctx context.Context, state *requester.State, args []string) error {
	packed, err := r.pack(ctx, args)
	if err != nil {
		return err
	}
	spec, err := state.JobSpec()
	if err != nil {
		return err
	}
	packed.Spec.Sink = spec.Sink
	if packed.AutoChunk {
		packed.Spec.ChunkTasks = spec.ChunkTasks
	}
	found, err := packed.Spec.Marshal()
	if err != nil {
		return err
	}
	if !bytes.Equal(found, state.Spec) {
		return fmt.Errorf("expected the job of %s in %s, found another one; leave the job file out, or choose another --out", requester.ShellQuote(r.out), args[0])
	}
	return r.upload(ctx, packed)
}
