package proven

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/thetaedge/theta/internal/osfault"
)

// trustedVersion is the version of the file.
const trustedVersion = 1

// trustedFile is the state of a Follower on disk.
type trustedFile struct {
	Version    int    `json:"version"`
	RootHeight int64  `json:"root_height"`
	RootHash   string `json:"root_hash"`
	FirstUse   bool   `json:"first_use"`
	// Block is a CometBFT LightBlock.
	Block []byte `json:"block"`
}

// LoadTrusted reads the state of a follower of a chain; nil without a file, or if the file
// is from another chain.
func LoadTrusted(path, chainID string) (*Trusted, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	trusted, err := decodeTrusted(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: expected the last trusted header, found a file that is damaged: %w; delete it to begin at the trust root again", path, err)
	}
	if trusted.Block.ChainID != chainID {
		return nil, nil
	}
	return trusted, nil
}

func decodeTrusted(raw []byte) (*Trusted, error) {
	var file trustedFile
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, err
	}
	if file.Version != trustedVersion {
		return nil, fmt.Errorf("expected version %d, found %d", trustedVersion, file.Version)
	}
	hash, err := hex.DecodeString(file.RootHash)
	if err != nil {
		return nil, err
	}
	var wire cmtproto.LightBlock
	if err := wire.Unmarshal(file.Block); err != nil {
		return nil, err
	}
	block, err := types.LightBlockFromProto(&wire)
	if err != nil {
		return nil, err
	}
	if block.SignedHeader == nil || block.Header == nil {
		return nil, errors.New("the file holds no header")
	}
	if err := block.ValidateBasic(block.ChainID); err != nil {
		return nil, err
	}
	return &Trusted{Root: Root{Height: file.RootHeight, Hash: hash}, FirstUse: file.FirstUse, Block: block}, nil
}

// Save writes the state of a follower atomically.
func (t *Trusted) Save(path string) error {
	wire, err := t.Block.ToProto()
	if err != nil {
		return err
	}
	block, err := wire.Marshal()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(trustedFile{
		Version: trustedVersion, RootHeight: t.Root.Height, RootHash: hex.EncodeToString(t.Root.Hash), FirstUse: t.FirstUse, Block: block,
	})
	if err != nil {
		return err
	}
	if err := writeWhole(path+".new", raw); err != nil {
		return errors.Join(err, os.Remove(path+".new"))
	}
	return osfault.Replace(path+".new", path)
}

// writeWhole writes the whole content and waits until the disk has it, so that a power failure after the rename does
// not leave an empty file.
func writeWhole(path string, raw []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(raw)
	return errors.Join(err, file.Sync(), file.Close())
}
