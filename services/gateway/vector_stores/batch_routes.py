"""``/v1/vector_stores/{id}/file_batches``."""

from __future__ import annotations

from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import EmptyRequest, Listing
from services.gateway.http.router import After, Before, Limit, Order, resource
from services.gateway.state import State
from services.gateway.vector_stores.documents import put_files
from services.gateway.vector_stores.file_routes import Filter
from services.gateway.vector_stores.objects import batch_object, file_object
from services.gateway.vector_stores.schemas import AddBatch, FileBatchObject, VectorStoreFileObject
from shared.storage.database.identity import new_id
from shared.storage.knowledge import vector_stores
from shared.storage.tables.vector_stores import DocumentBatch

router = resource("Vector stores")

BATCHES = "/vector_stores/{vector_store_id}/file_batches"
BATCH = BATCHES + "/{batch_id}"


@router.post(BATCHES)
def add(vector_store_id: str, body: AddBatch, state: State, _caller: TrainCaller) -> FileBatchObject:
    """Put many files into a store: all of them, or none if one does not exist."""
    now = state.clock()
    batch = DocumentBatch(id=new_id("vsfb_"), vector_store_id=vector_store_id, created_at=now)
    with state.database.transaction() as session:
        store = vector_stores.get(session, vector_store_id)
        vector_stores.add_batch(session, batch)
        put_files(session, store, body.all_files, now, batch.id)
        found = batch_object(*vector_stores.batch(session, vector_store_id, batch.id))
    state.passages.wake(vector_store_id)
    return found


@router.get(BATCH)
def retrieve(vector_store_id: str, batch_id: str, state: State, _caller: TrainCaller) -> FileBatchObject:
    """How far a batch is."""
    with state.database.reading() as session:
        return batch_object(*vector_stores.batch(session, vector_store_id, batch_id))


@router.post(BATCH + "/cancel")
def cancel(
    vector_store_id: str, batch_id: str, state: State, _caller: TrainCaller, _body: EmptyRequest | None = None
) -> FileBatchObject:
    """Stop reading what of a batch is not read yet. Repeating it is harmless."""
    with state.database.transaction() as session:
        return batch_object(*vector_stores.cancel_batch(session, vector_store_id, batch_id))


@router.get(BATCH + "/files")
def list_files(
    vector_store_id: str,
    batch_id: str,
    state: State,
    _caller: TrainCaller,
    after: After = None,
    before: Before = None,
    limit: Limit = 20,
    order: Order = "desc",
    status: Filter = None,
) -> Listing[VectorStoreFileObject]:
    """The files of a batch, newest first unless told otherwise."""
    with state.database.reading() as session:
        vector_stores.batch(session, vector_store_id, batch_id)
        page = vector_stores.page_of_files(
            session,
            vector_store_id,
            batch_id=batch_id,
            status=status,
            after=after,
            before=before,
            limit=limit,
            order=order,
        )
    return Listing[VectorStoreFileObject].of([file_object(one) for one in page.items], has_more=page.has_more)
