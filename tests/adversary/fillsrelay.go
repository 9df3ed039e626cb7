package adversary

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// filledBoxes is the number of published boxes that a stranger attacks. It tries to put
	// junkPerBox pieces of junk into each, in each way.
	filledBoxes, junkPerBox = 6, 50
)

// relayFiller tries to leave no room for results. It knows the names of the boxes from the
// chain, puts junk into them as a stranger, signs for junk with a key that does not work on
// anything, and posts jobs of its own whose results go to the same boxes.
type relayFiller struct{}

func (relayFiller) name() string { return "fills the relay" }

// filledBox is a box and the honest job whose results go to it.
type filledBox struct {
	token blob.Token
	sink  string
	job   string
}

func (f relayFiller) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{
		Behaviour: f.name(), Policy: quorumPolicy, Jobs: filledBoxes,
		Formula: "-jobs·M·R - posting - gas: a box has room for whom the chain shows at work for it, for each its own",
	}
	relay, err := transfer.NewClient(transfer.ClientConfig{Relay: s.net.Relay()})
	if err != nil {
		return row, err
	}
	key := newKeyPair()
	if err := s.fund(ctx, 4*replicas*filledBoxes*reward, key.Address()); err != nil {
		return row, err
	}
	wallet := purse{accounts: []string{key.Address().String()}}
	before, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	sender, fees, taken := s.senders.of(key, 1), 0.0, 0
	var boxes []filledBox
	var ids []string
	for range filledBoxes {
		box, err := f.open(ctx, s, relay)
		if err != nil {
			return row, err
		}
		boxes = append(boxes, box)
		spec := s.spec()
		spec.Sink = box.sink
		posted, err := s.post(ctx, sender, spec, s.plain, 1)
		if err != nil {
			return row, err
		}
		fees += inTfuel(posted.fees)
		ids = append(ids, box.job, posted.ids[0])
		n, err := f.fill(ctx, s, relay, key, box)
		if err != nil {
			return row, err
		}
		taken += n
	}
	row.Trials = 2 * filledBoxes * junkPerBox
	if _, err := s.finish(ctx, ids); err != nil {
		return row, err
	}
	for _, box := range boxes {
		if err := s.await(ctx, "the result of job "+box.job, func() (bool, error) { return f.delivered(ctx, s, relay, box) }); err != nil {
			return row, err
		}
	}
	after, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	c := between(before, after)
	row.Gain, row.Loss = inTfuel(c.gain), inTfuel(c.loss)
	row.Predicted = -filledBoxes*replicas*s.terms().reward - fees
	row.Note = fmt.Sprintf("%d of %d results were delivered, %d of %d pieces of junk were taken", len(boxes), filledBoxes, taken, row.Trials)
	if taken > 0 {
		return row, fmt.Errorf("expected a relay that asks the chain to take no junk, found %d pieces taken", taken)
	}
	return row.judged(), nil
}

// open posts an honest job whose results go to a box of its own.
func (relayFiller) open(ctx context.Context, s *stage, relay *transfer.Client) (box filledBox, err error) {
	if box.token, err = blob.NewToken(); err != nil {
		return box, err
	}
	name, err := blob.BoxOf(box.token)
	if err != nil {
		return box, err
	}
	box.sink = relay.BoxURL(name)
	spec := s.spec()
	spec.Sink = box.sink
	posted, err := s.post(ctx, s.customer, spec, s.plain, 1)
	if err != nil {
		return box, err
	}
	box.job = posted.ids[0]
	return box, nil
}

// fill puts junk into a box, as a stranger and with a signature, and returns how much of it
// was accepted.
func (relayFiller) fill(ctx context.Context, s *stage, relay *transfer.Client, key keyPair, box filledBox) (taken int, err error) {
	signed := &blob.Work{Chain: s.chainID(), Job: box.job, Signer: chain.NewUploadSigner(key)}
	for _, by := range []*blob.Work{nil, signed} {
		for i := range junkPerBox {
			junk := fmt.Appendf(nil, "junk %d for %s", i, box.sink)
			_, err := relay.PutTo(ctx, box.sink+"/"+blob.DigestOf(junk).String(), bytes.NewReader(junk), int64(len(junk)), by)
			switch {
			case err == nil:
				taken++
			case errors.Is(err, transfer.ErrForbidden) || errors.Is(err, transfer.ErrBusy):
			default:
				return taken, err
			}
		}
	}
	return taken, nil
}

// delivered reports whether the result that the chain has accepted is in its box.
func (relayFiller) delivered(ctx context.Context, s *stage, relay *transfer.Client, box filledBox) (bool, error) {
	receipt, err := s.reader.Receipt(ctx, box.job, 0)
	if err != nil {
		return false, err
	}
	drops, err := relay.ForJob(box.job).ListDrops(ctx, box.token)
	if err != nil {
		return false, err
	}
	held := map[blob.Digest]bool{}
	for _, drop := range drops {
		held[drop.Digest] = true
	}
	for _, drop := range drops {
		var content bytes.Buffer
		if drop.Size < int64(blob.MinTraceBytes) || drop.Size > int64(blob.MaxTraceBytes) {
			continue
		}
		if _, err := relay.ForJob(box.job).GetDrop(ctx, box.token, drop.Digest, int64(blob.MaxTraceBytes), &content); err != nil {
			return false, err
		}
		trace, ok := blob.DecodeTrace(content.Bytes())
		tag := computetypes.Tag(s.chainID(), box.job, 0, computetypes.Opening{Digest: trace.Result[:], Fuel: trace.Fuel, ExitCode: receipt.ExitCode, Trace: trace.Trace[:]})
		if ok && held[trace.Result] && len(receipt.Tags) > 0 && bytes.Equal(tag, receipt.Tags[0]) {
			return true, nil
		}
	}
	return false, nil
}
