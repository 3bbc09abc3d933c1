;; Replies with the bytes that the request's `detail` spells in hexadecimal, as they are: what the host lifts from there can
;; be anything. Offsets within those bytes are offsets from their beginning, which is address 1024.
(module
  (memory (export "memory") 20)
  (global $next (mut i32) (i32.const 655360))

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "reeve:policy/guard@0.1.0#configure") (param i32 i32) (result i32) (i32.const 16))
  (func (export "reeve:policy/guard@0.1.0#describe") (result i32) (i32.const 16))

  (func $digit (param $char i32) (result i32)
    (select
      (i32.sub (local.get $char) (i32.const 48))
      (i32.sub (local.get $char) (i32.const 87))
      (i32.lt_u (local.get $char) (i32.const 58))))

  (func (export "reeve:policy/guard@0.1.0#evaluate") (param $request i32) (result i32)
    (local $from i32)
    (local $end i32)
    (local $to i32)
    ;; `detail`, a string, is at byte 144 of the record.
    (local.set $from (i32.load (i32.add (local.get $request) (i32.const 144))))
    (local.set $end (i32.add (local.get $from) (i32.load (i32.add (local.get $request) (i32.const 148)))))
    (local.set $to (i32.const 1024))
    (block $done
      (loop $next_byte
        (br_if $done (i32.ge_u (i32.add (local.get $from) (i32.const 1)) (local.get $end)))
        (i32.store8 (local.get $to)
          (i32.or
            (i32.shl (call $digit (i32.load8_u (local.get $from))) (i32.const 4))
            (call $digit (i32.load8_u (i32.add (local.get $from) (i32.const 1))))))
        (local.set $from (i32.add (local.get $from) (i32.const 2)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $next_byte)))
    (i32.const 1024)))
