"""Processes that take turns: one that has worked long enough makes room for a fresh one."""

import multiprocessing
from multiprocessing import connection

import tensorflow as tf

MORE = 3  # exit code of a process that leaves work behind


def use_one_thread():
    """Lets TensorFlow compute on one thread, before anything else of it is used.

    Small networks gain nothing from more, and sums come out the same whatever else is running.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def run(target, arguments, number):
    """Keeps processes at work until none is left.

    Args:
        target: function of a module, called in each process; ends it with the exit code `MORE`
            where another one is to take over, else with 0.
        arguments: tuple for it.
        number: of processes at a time.

    Raises:
        ChildProcessError: when one ended in another way, after the others have done the work.
    """
    spawn = multiprocessing.get_context("spawn")
    running, lost = [spawn.Process(target=target, args=arguments) for _ in range(number)], []
    for process in running:
        process.start()
    while running:
        connection.wait([process.sentinel for process in running])
        for process in [process for process in running if not process.is_alive()]:
            running.remove(process)
            if process.exitcode == MORE:
                running.append(spawn.Process(target=target, args=arguments))
                running[-1].start()
            elif process.exitcode:
                lost.append(process.exitcode)
    if lost:
        raise ChildProcessError(
            f"Workers ended with the exit codes {lost}. Start it again: it goes on from there"
        )
