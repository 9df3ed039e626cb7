package drand

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/thetaedge/theta/x/beacon/bls"
)

// defaultBeaconID is the id that drand leaves out of a chain hash.
const defaultBeaconID = "default"

// Info describes a drand network, in the JSON of GET /info.
type Info struct {
	PublicKey   string   `json:"public_key"`
	Period      uint32   `json:"period"`       // seconds
	GenesisTime int64    `json:"genesis_time"` // Unix seconds of round 1
	Hash        string   `json:"hash"`
	GroupHash   string   `json:"groupHash"`
	SchemeID    string   `json:"schemeID"`
	Metadata    Metadata `json:"metadata"`
}

// Metadata names the network among those of an endpoint.
type Metadata struct {
	BeaconID string `json:"beaconID"`
}

// Validate returns an error if the info describes a network that the chain cannot follow,
// or if its hash does not match.
func (i Info) Validate() error {
	if i.SchemeID != bls.Scheme {
		return fmt.Errorf("expected scheme %s, found %q", bls.Scheme, i.SchemeID)
	}
	if i.Period == 0 {
		return fmt.Errorf("expected a period of 1 second or more, found 0")
	}
	if _, err := bls.ParsePublicKey(i.PublicKey); err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	hash, err := i.ChainHash()
	if err != nil {
		return err
	}
	if hash != i.Hash {
		return fmt.Errorf("expected chain hash %s, found %q", hash, i.Hash)
	}
	return nil
}

// ChainHash returns drand's name of the network: the hash of its period, genesis time,
// public key, group and id.
func (i Info) ChainHash() (string, error) {
	key, err := hex.DecodeString(i.PublicKey)
	if err != nil {
		return "", fmt.Errorf("public key: %w", err)
	}
	group, err := hex.DecodeString(i.GroupHash)
	if err != nil {
		return "", fmt.Errorf("group hash: %w", err)
	}
	raw := binary.BigEndian.AppendUint32(nil, i.Period)
	raw = binary.BigEndian.AppendUint64(raw, uint64(i.GenesisTime)) //nolint:gosec // two's complement is what drand hashes
	raw = append(append(raw, key...), group...)
	if i.Metadata.BeaconID != "" && i.Metadata.BeaconID != defaultBeaconID {
		raw = append(raw, i.Metadata.BeaconID...)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// Beacon is a round with its signature, 48 bytes.
type Beacon struct {
	Round     uint64
	Signature []byte
}

// reply is the JSON of GET /public/ROUND.
type reply struct {
	Round      uint64 `json:"round"`
	Randomness string `json:"randomness"`
	Signature  string `json:"signature"`
}
