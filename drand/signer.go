package drand

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

// signerBeaconID names a signer's network.
const signerBeaconID = "devnet"

// Signer is a drand network with a single key, for devnets and tests. Its rounds follow
// from its key alone, and it serves a round only when its time has come.
type Signer struct {
	key      bls.SecretKey
	info     Info
	schedule types.Schedule
	now      func() time.Time
}

// NewSigner returns a signer with rounds every period, whole seconds, from
// genesis on, in Unix seconds.
func NewSigner(key bls.SecretKey, period time.Duration, genesis int64) (*Signer, error) {
	if period < time.Second || period%time.Second != 0 || period > 24*time.Hour {
		return nil, fmt.Errorf("expected a period of whole seconds up to a day, found %s", period)
	}
	if genesis < 0 {
		return nil, fmt.Errorf("expected a genesis time of 0 or more, found %d", genesis)
	}
	public := key.Public().String()
	group := sha256.Sum256([]byte(public))
	s := &Signer{
		key: key,
		info: Info{
			PublicKey:   public,
			Period:      uint32(period / time.Second), //nolint:gosec // at most a day
			GenesisTime: genesis,
			GroupHash:   hex.EncodeToString(group[:]),
			SchemeID:    bls.Scheme,
			Metadata:    Metadata{BeaconID: signerBeaconID},
		},
		schedule: types.Schedule{PeriodSeconds: uint64(period / time.Second), GenesisTime: genesis}, //nolint:gosec // periods are positive
		now:      time.Now,
	}
	hash, err := s.info.ChainHash()
	if err != nil {
		return nil, err
	}
	s.info.Hash = hash
	return s, nil
}

// Info describes the signer's network.
func (s *Signer) Info() Info { return s.info }

// Round signs a round whose time has come; otherwise it returns ErrNotYet.
func (s *Signer) Round(round uint64) (Beacon, error) {
	if round == 0 || round > s.schedule.DueAt(s.now()) {
		return Beacon{}, fmt.Errorf("round %d: %w", round, ErrNotYet)
	}
	signature, err := s.key.Sign(round)
	if err != nil {
		return Beacon{}, err
	}
	return Beacon{Round: round, Signature: signature}, nil
}

// Handler serves drand's HTTP API, with and without the chain hash.
func (s *Signer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /chains", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, []string{s.info.Hash})
	})
	for _, prefix := range []string{"", "/" + s.info.Hash} {
		mux.HandleFunc("GET "+prefix+"/info", func(w http.ResponseWriter, _ *http.Request) {
			respond(w, s.info)
		})
		mux.HandleFunc("GET "+prefix+"/public/latest", func(w http.ResponseWriter, _ *http.Request) {
			s.serve(w, s.schedule.DueAt(s.now()))
		})
		mux.HandleFunc("GET "+prefix+"/public/{round}", func(w http.ResponseWriter, r *http.Request) {
			round, err := strconv.ParseUint(r.PathValue("round"), 10, 64)
			if err != nil || round == 0 {
				http.Error(w, "expected a round number of 1 or more", http.StatusBadRequest)
				return
			}
			s.serve(w, round)
		})
	}
	return mux
}

func (s *Signer) serve(w http.ResponseWriter, round uint64) {
	b, err := s.Round(round)
	if err != nil {
		http.Error(w, err.Error(), http.StatusTooEarly)
		return
	}
	respond(w, reply{
		Round:      b.Round,
		Randomness: hex.EncodeToString(bls.Randomness(b.Signature)),
		Signature:  hex.EncodeToString(b.Signature),
	})
}

func respond(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// Writing fails if the client has disconnected. The error cannot be reported then.
	_ = json.NewEncoder(w).Encode(value)
}
