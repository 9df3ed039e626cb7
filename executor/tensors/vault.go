package tensors

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"github.com/thetaedge/theta/executor"
)

// vault keeps pieces of tensors outside of memory. Each vault has a key of its own, which is only in
// memory: what comes back is what was put in, or an error. A disk that returns something older,
// something of another place, or nothing is found in the same way as one that changes a bit, and no other
// program can read what is on the disk.
type vault struct {
	storage executor.Storage
	aead    cipher.AEAD
	// at and piece are the offset and the number of the next piece.
	at    int64
	piece uint64
	// room holds a piece as it is on the disk.
	room []byte
}

func newVault(storage executor.Storage) (*vault, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &vault{storage: storage, aead: aead, room: make([]byte, 0, pieceBytes+aead.Overhead())}, nil
}

// pieceOverhead is what a piece takes on the disk in addition to its bytes.
const pieceOverhead = 16

// vaultBytes returns the bytes that a tensor of a size takes on the disk.
func vaultBytes(size uint64) uint64 {
	return size + (size+pieceBytes-1)/pieceBytes*pieceOverhead
}

func (v *vault) nonce() []byte {
	nonce := make([]byte, v.aead.NonceSize())
	binary.LittleEndian.PutUint64(nonce, v.piece)
	return nonce
}

// rewind begins to read.
func (v *vault) rewind() { v.at, v.piece = 0, 0 }

// put writes the next piece, of at most pieceBytes.
func (v *vault) put(p []byte) error {
	sealed := v.aead.Seal(v.room[:0], v.nonce(), p, nil)
	if _, err := v.storage.WriteAt(sealed, v.at); err != nil {
		return err
	}
	v.at, v.piece = v.at+int64(len(sealed)), v.piece+1
	return nil
}

// get reads the next piece into p, which has its size.
func (v *vault) get(p []byte) error {
	sealed := v.room[:len(p)+v.aead.Overhead()]
	if _, err := v.storage.ReadAt(sealed, v.at); err != nil {
		return fmt.Errorf("read tensors back from the disk: %w", err)
	}
	if _, err := v.aead.Open(p[:0], v.nonce(), sealed, nil); err != nil {
		return fmt.Errorf("tensors that were written to the disk came back changed: %d bytes from %d on; check the disk", len(sealed), v.at)
	}
	v.at, v.piece = v.at+int64(len(sealed)), v.piece+1
	return nil
}
