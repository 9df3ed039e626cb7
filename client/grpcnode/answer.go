package grpcnode

import (
	"context"
	"fmt"
	"reflect"

	"google.golang.org/grpc"

	sdkmath "cosmossdk.io/math"
)

// MaxAmountBits bounds the amounts in a node's answers. All coins of all jobs together have
// fewer bits, and numbers near the SDK's limit of 256 bits would crash a program that
// calculates with them.
const MaxAmountBits = 200

// CheckAnswer refuses an answer in which an amount is missing or larger than any amount on
// the chain, because the SDK's numbers panic in calculations with such amounts. An honest
// node sends no such answer.
func CheckAnswer(answer any) error {
	if place, odd := oddAmount(reflect.ValueOf(answer)); odd {
		return fmt.Errorf("expected an amount of at most 2^%d in the answer of the node, found none or a larger one (%T%s): the node lies or has another version; use another node",
			MaxAmountBits, answer, place)
	}
	return nil
}

var intType = reflect.TypeFor[sdkmath.Int]()

// oddAmount returns the path of the first amount in a message that cannot be used in
// calculations, and whether there is one.
func oddAmount(v reflect.Value) (place string, odd bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "", false
		}
		return oddAmount(v.Elem())
	case reflect.Slice, reflect.Array:
		if !holdsAmounts(v.Type().Elem().Kind()) {
			return "", false
		}
		for i := range v.Len() {
			if place, odd := oddAmount(v.Index(i)); odd {
				return fmt.Sprintf("[%d]%s", i, place), true
			}
		}
	case reflect.Struct:
		if v.Type() == intType {
			amount := v.Interface().(sdkmath.Int) //nolint:forcetypeassert // the type says so
			return "", amount.IsNil() || amount.BigInt().BitLen() > MaxAmountBits
		}
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			if place, odd := oddAmount(v.Field(i)); odd {
				return "." + field.Name + place, true
			}
		}
	default:
	}
	return "", false
}

// holdsAmounts reports whether elements of a kind can contain amounts.
func holdsAmounts(kind reflect.Kind) bool {
	return kind == reflect.Struct || kind == reflect.Pointer || kind == reflect.Interface
}

// Checked returns a connection that refuses answers with unusable amounts, and
// distinguishes a starting node from a missing record and a refusal. Connections of Dial
// do both.
func Checked(conn Connection) Connection { return checked{conn} }

type checked struct{ Connection }

// Invoke implements grpc.ClientConnInterface.
func (c checked) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return check(reply, c.Connection.Invoke(ctx, method, args, reply, opts...))
}

// check judges an answer.
func check(reply any, err error) error {
	switch {
	case IsStarting(err):
		return &startingError{err: err}
	case err != nil:
		return err
	}
	return CheckAnswer(reply)
}
