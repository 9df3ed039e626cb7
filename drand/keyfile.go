package drand

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/thetaedge/theta/x/beacon/bls"
)

// keyFile is the JSON of a devnet signer's key.
type keyFile struct {
	Scheme    string `json:"scheme"`
	PublicKey string `json:"public_key"`
	SecretKey string `json:"secret_key"`
}

// CreateKey creates a key and writes it to a new file that only its owner can read. It
// never overwrites a file.
func CreateKey(path string) (bls.SecretKey, error) {
	key := bls.GenerateKey()
	secret, err := key.Hex()
	if err != nil {
		return bls.SecretKey{}, err
	}
	raw, err := json.MarshalIndent(keyFile{Scheme: bls.Scheme, PublicKey: key.Public().String(), SecretKey: secret}, "", "  ")
	if err != nil {
		return bls.SecretKey{}, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return bls.SecretKey{}, fmt.Errorf("expected no file at %s, found one; choose another file, or use this key", path)
	}
	if err != nil {
		return bls.SecretKey{}, err
	}
	_, werr := f.Write(append(raw, '\n'))
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return bls.SecretKey{}, err
	}
	return key, nil
}

// LoadKey reads a key file. It refuses a file that other users can read.
func LoadKey(path string) (bls.SecretKey, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return bls.SecretKey{}, err
	}
	if stat.Mode().Perm()&0o077 != 0 {
		return bls.SecretKey{}, fmt.Errorf("%s: expected mode 0600, found %04o; run chmod 600", path, stat.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return bls.SecretKey{}, err
	}
	var file keyFile
	if err := json.Unmarshal(raw, &file); err != nil {
		return bls.SecretKey{}, fmt.Errorf("%s: expected a key file, found something else; create one with: thetad beacon keygen", path)
	}
	if file.Scheme != bls.Scheme {
		return bls.SecretKey{}, fmt.Errorf("%s: expected scheme %s, found %q", path, bls.Scheme, file.Scheme)
	}
	key, err := bls.ParseSecretKey(file.SecretKey)
	if err != nil {
		return bls.SecretKey{}, fmt.Errorf("%s: %w", path, err)
	}
	if public := key.Public().String(); public != file.PublicKey {
		return bls.SecretKey{}, fmt.Errorf("%s: expected the public key of the secret key, found another one; create a new file with: thetad beacon keygen", path)
	}
	return key, nil
}
